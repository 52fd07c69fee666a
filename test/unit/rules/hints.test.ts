import { describe, expect, test } from '@jest/globals';
import { coalesce, hintsOf, type HubspotEvent } from '../../../server/rules/hints.js';

const base = { portalId: 41, objectTypeId: '0-1' };
const ids = (event: Partial<HubspotEvent> & { subscriptionType: string }): string[] =>
  hintsOf({ ...base, ...event }).map((hint) => hint.recordId);

describe('what an event of HubSpot says may differ', () => {
  const cases: [string, Partial<HubspotEvent> & { subscriptionType: string }, string[]][] = [
    [
      'a changed property: its contact',
      { subscriptionType: 'object.propertyChange', objectId: 7, propertyName: 'phone' },
      ['7'],
    ],
    ['a new contact', { subscriptionType: 'object.creation', objectId: 7 }, ['7']],
    ['a restored contact', { subscriptionType: 'object.restore', objectId: 7 }, ['7']],
    ['B11: a deleted contact', { subscriptionType: 'object.deletion', objectId: 7 }, ['7']],
    [
      'B11: a privacy deletion, which has no object type',
      { subscriptionType: 'contact.privacyDeletion', objectId: 7, objectTypeId: undefined },
      ['7'],
    ],
    [
      'a legacy event of contacts',
      { subscriptionType: 'contact.propertyChange', objectId: 7, objectTypeId: undefined },
      ['7'],
    ],
    [
      'B7: a merge: survivor, losers and the new record',
      { subscriptionType: 'object.merge', objectId: 9, primaryObjectId: 7, mergedObjectIds: [8], newObjectId: 9 },
      ['9', '7', '8'],
    ],
    [
      'an association: only its contact',
      {
        subscriptionType: 'object.associationChange',
        objectTypeId: undefined,
        fromObjectId: 7,
        fromObjectTypeId: '0-1',
        toObjectId: 55,
        toObjectTypeId: '0-2',
      },
      ['7'],
    ],
    [
      'an association seen from the company',
      {
        subscriptionType: 'object.associationChange',
        fromObjectId: 55,
        fromObjectTypeId: '0-2',
        toObjectId: 7,
        toObjectTypeId: '0-1',
      },
      ['7'],
    ],
    ['a company: nobody', { subscriptionType: 'object.propertyChange', objectId: 55, objectTypeId: '0-2' }, []],
    [
      'a merge of companies: nobody',
      {
        subscriptionType: 'object.merge',
        objectId: 55,
        objectTypeId: '0-2',
        primaryObjectId: 55,
        mergedObjectIds: [56],
      },
      [],
    ],
    ['an event without its record: nobody', { subscriptionType: 'object.propertyChange' }, []],
    [
      'a kind we do not know, of a contact: better one look too many',
      { subscriptionType: 'object.somethingNew', objectId: 7 },
      ['7'],
    ],
  ];
  test.each(cases)('%s', (_name, event, expected) => expect(ids(event)).toEqual(expected));

  test('G1: repeats of an event are one hint a record', () => {
    const event = { ...base, subscriptionType: 'object.propertyChange', objectId: 7 };
    expect(
      coalesce([...hintsOf(event), ...hintsOf(event), ...hintsOf({ ...event, objectId: 8 })]).map(
        (hint) => hint.recordId,
      ),
    ).toEqual(['7', '8']);
  });

  test('B11: a privacy deletion keeps its cause beside the plain deletion, in any order', () => {
    const deletion = hintsOf({ ...base, subscriptionType: 'object.deletion', objectId: 7 });
    const privacy = hintsOf({ ...base, subscriptionType: 'contact.privacyDeletion', objectId: 7 });
    expect(coalesce([...deletion, ...privacy])[0]?.cause).toBe('webhook privacyDeletion');
    expect(coalesce([...privacy, ...deletion])[0]?.cause).toBe('webhook privacyDeletion');
  });
});
