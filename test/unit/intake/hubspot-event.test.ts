import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hubspotEvent, hubspotEvents } from '../../../server/intake/hubspot-event.js';

const event = {
  eventId: 1,
  subscriptionId: 7,
  portalId: 41,
  occurredAt: 1_700_000_000_000,
  subscriptionType: 'object.propertyChange',
  objectId: 101,
  objectTypeId: '0-1',
  propertyName: 'firstname',
  propertyValue: 'Grace',
};
const body = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

describe('events of a HubSpot delivery', () => {
  test('values of properties are not kept: an event is only a reason to look', () => {
    expect(hubspotEvent(event)).not.toHaveProperty('propertyValue');
    expect(hubspotEvent(event)).toMatchObject({ portalId: 41, objectId: 101, propertyName: 'firstname' });
  });

  test('G4: one event that cannot be read does not cost the others their hint', () => {
    expect(hubspotEvents(body([event, null, { portalId: 'x' }, 5, { ...event, objectId: 102 }]))).toMatchObject({
      events: [{ objectId: 101 }, { objectId: 102 }],
      malformed: 3,
    });
  });

  test('G3: a malformed part of an event is left out, the rest of it counts', () => {
    expect(
      hubspotEvent({ ...event, propertyName: { a: 1 }, mergedObjectIds: ['x'], occurredAt: 'soon' }),
    ).toMatchObject({ objectId: 101, propertyName: undefined, mergedObjectIds: undefined, occurredAt: undefined });
    expect(hubspotEvent({ ...event, objectId: 1.5 })?.objectId).toBeUndefined();
    expect(hubspotEvent({ ...event, portalId: 1e20 })).toBeNull();
  });

  test('G3: no text that PostgreSQL cannot keep is let through', () => {
    expect(hubspotEvent({ ...event, propertyName: 'a\0b\ud800c', objectTypeId: '0-1\0' })).toMatchObject({
      propertyName: 'abc',
      objectTypeId: '0-1',
    });
  });

  test('G3: what is no list of at most a hundred events is refused, whatever it is', () => {
    expect(hubspotEvents(Buffer.from('nonsense'))).toBeNull();
    expect(hubspotEvents(Buffer.alloc(0))).toBeNull();
    expect(hubspotEvents(body({ a: 1 }))).toBeNull();
    expect(hubspotEvents(body(Array.from({ length: 101 }, () => event)))).toBeNull();
    expect(hubspotEvents(body(Array.from({ length: 100 }, () => event)))?.events).toHaveLength(100);
    expect(hubspotEvents(body([]))).toEqual({ events: [], malformed: 0 });
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.jsonValue(),
            fc.record({ portalId: fc.jsonValue(), subscriptionType: fc.jsonValue(), objectId: fc.jsonValue() }),
          ),
          { maxLength: 20 },
        ),
        (values) => {
          const read = hubspotEvents(body(values));
          expect((read?.events.length ?? 0) + (read?.malformed ?? 0)).toBe(values.length);
          for (const one of read?.events ?? []) expect(Number.isSafeInteger(one.portalId)).toBe(true);
        },
      ),
    );
  });
});
