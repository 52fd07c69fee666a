import { describe, expect, test } from '@jest/globals';
import { asProblem, problemOf } from '../../../hubspot-app/app/settings/api/problem.js';
import { words } from '../../../hubspot-app/app/settings/words.js';

const error = {
  code: 'missing_scope',
  message: 'The key may not read lists.',
  fix: 'Make another key.',
  field: 'apiKey',
};

describe('a refusal', () => {
  test('is read as the service wrote it', () => {
    expect(problemOf(422, JSON.stringify({ error }))).toMatchObject({ ...error, status: 422 });
  });

  test.each([
    ['as text', JSON.stringify({ error })],
    ['as JSON', { error }],
  ])('is found inside the envelope of HubSpot’s proxy, %s', (_, responseBody) => {
    const envelope = { status: 'error', message: 'Bad gateway', appServerStatusCode: 422, responseBody };
    expect(problemOf(502, JSON.stringify(envelope))).toMatchObject({ ...error, status: 422 });
  });

  test.each([
    [404, words.problem.notFound],
    [413, words.problem.tooLarge],
    [429, words.problem.busy],
    [500, words.problem.failed(500)],
  ])('without words of its own is put in words: %s', (status, message) => {
    for (const body of ['', '<html>', '{}', 'null', '[]', '{"error":"text"}', '{"error":{"message":7}}'])
      expect(problemOf(status, body)).toMatchObject({ message, status });
  });

  test('of the network is told as such; what it was is not shown', () => {
    const problem = asProblem(new TypeError('https://secret.example failed'));
    expect(problem).toMatchObject({ status: 0, message: words.problem.unreachable });
    expect(problem.message).not.toContain('secret');
  });
});
