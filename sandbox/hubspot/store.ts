import type { Occurrence } from './timeline.js';
import type { Person } from '../seed/people.js';
import { dealPipelines, type Pipeline } from './pipelines.js';
import { contactProperties, companyProperties, type PropertyDefinition } from './property-definitions.js';

export interface CrmRecord {
  id: string;
  properties: Record<string, string>;
  createdAt: number;
  updatedAt: number;
  archived: boolean;
  /** When search sees this state of it. */
  indexedAt: number;
}

export interface HubspotList {
  id: string;
  name: string;
  processingType: 'MANUAL' | 'DYNAMIC' | 'SNAPSHOT';
  members: Set<string>;
  /** DYNAMIC lists: evaluated live. */
  filter?: (properties: Record<string, string>) => boolean;
  createdAt: number;
  /** When each member was first seen on the list, and as which one. */
  joined?: Map<string, { at: number; n: number }>;
}

export interface CrmEvent {
  subscriptionType: string;
  objectId: string;
  occurredAt: number;
  changeSource: 'INTEGRATION' | 'CRM_UI';
  propertyName?: string;
  propertyValue?: string;
  primaryObjectId?: string;
  mergedObjectIds?: string[];
  newObjectId?: string;
}

/** Everything of one portal. */
export class Portal {
  readonly contacts = new Map<string, CrmRecord>();
  readonly companies = new Map<string, CrmRecord>();
  readonly deals = new Map<string, CrmRecord>();
  readonly dealPipelines = new Map<string, Pipeline>(dealPipelines().map((one) => [one.id, one]));
  readonly emails = new Map<string, string>();
  readonly lists = new Map<string, HubspotList>();
  readonly contactProperties = new Map<string, PropertyDefinition>();
  readonly companyProperties = new Map<string, PropertyDefinition>();
  readonly companyOf = new Map<string, string>();
  readonly dealsOf = new Map<string, Set<string>>();
  readonly blocked = new Set<string>();
  /** Addresses that opted out of all marketing email; their contacts show it in `hs_email_optout`. */
  readonly optedOut = new Set<string>();
  readonly mergedInto = new Map<string, string>();
  /** App events by their id. */
  readonly timeline = new Map<string, Occurrence>();
  /** Groups of contact properties, by name. */
  readonly propertyGroups = new Map<string, string>([['contactinformation', 'Contact information']]);
  readonly madeAt = Date.now();
  installed = false;
  appEventsApproved = true;
  private nextId: number;
  private clock = 0;

  constructor(
    readonly id: string,
    readonly name: string,
    private readonly emit: (event: CrmEvent) => void,
    private readonly searchLagMs: number,
  ) {
    this.nextId = 101;
    for (const property of contactProperties()) this.contactProperties.set(property.name, property);
    for (const property of companyProperties()) this.companyProperties.set(property.name, property);
    this.seedLists();
  }

  /** Milliseconds that never stand still: two writes in one millisecond still have an order. */
  now(): number {
    this.clock = Math.max(Date.now(), this.clock);
    return this.clock;
  }

  newId(): string {
    this.nextId += 1 + (this.nextId % 3);
    return String(this.nextId);
  }

  table(type: string): Map<string, CrmRecord> | null {
    if (type === 'contacts' || type === 'contact' || type === '0-1') return this.contacts;
    if (type === 'companies' || type === 'company' || type === '0-2') return this.companies;
    return type === 'deals' || type === 'deal' || type === '0-3' ? this.deals : null;
  }

  definitions(type: string): Map<string, PropertyDefinition> {
    if (this.table(type) === this.contacts) return this.contactProperties;
    return this.table(type) === this.companies ? this.companyProperties : new Map<string, PropertyDefinition>();
  }

  create(
    type: string,
    properties: Record<string, string>,
    source: CrmEvent['changeSource'],
    createdAt?: number,
  ): CrmRecord {
    const now = this.now();
    const record: CrmRecord = {
      id: this.newId(),
      properties: {},
      createdAt: createdAt ?? now,
      updatedAt: now,
      archived: false,
      indexedAt: now + this.searchLagMs,
    };
    this.table(type)?.set(record.id, record);
    this.assign(record, properties, now);
    if (this.table(type) === this.contacts) {
      this.emit({ subscriptionType: 'object.creation', objectId: record.id, occurredAt: now, changeSource: source });
    }
    return record;
  }

  /** Writes properties; tells which changed. */
  update(type: string, record: CrmRecord, properties: Record<string, string>, source: CrmEvent['changeSource']): void {
    const now = this.now();
    const changed = Object.entries(properties).filter(([name, value]) => (record.properties[name] ?? '') !== value);
    if (changed.length === 0) return;
    this.assign(record, properties, now);
    if (this.table(type) !== this.contacts) return;
    for (const [propertyName, propertyValue] of changed) {
      this.emit({
        subscriptionType: 'object.propertyChange',
        objectId: record.id,
        occurredAt: now,
        changeSource: source,
        propertyName,
        propertyValue,
      });
    }
  }

  private assign(record: CrmRecord, properties: Record<string, string>, now: number): void {
    const isContact = this.contacts.get(record.id) === record;
    if (isContact && properties['email'] !== undefined) {
      const before = record.properties['email'];
      if (before !== undefined && this.emails.get(before) === record.id) this.emails.delete(before);
      if (properties['email'] !== '') this.emails.set(properties['email'], record.id);
      // The opt-out is of the address, whoever holds it.
      if (this.optedOut.has(properties['email'])) record.properties['hs_email_optout'] = 'true';
    }
    for (const [name, value] of Object.entries(properties)) {
      if (value === '') delete record.properties[name];
      else record.properties[name] = value;
    }
    record.updatedAt = now;
    record.indexedAt = now + this.searchLagMs;
  }

  addEmail(record: CrmRecord, email: string): void {
    this.emails.set(email, record.id);
    const others = (record.properties['hs_additional_emails'] ?? '').split(';').filter((one) => one !== '');
    record.properties['hs_additional_emails'] = [...others, email].join(';');
  }

  archive(type: string, record: CrmRecord, source: CrmEvent['changeSource']): void {
    const now = this.now();
    record.archived = true;
    record.updatedAt = now;
    this.table(type)?.delete(record.id);
    if (this.table(type) !== this.contacts) return;
    for (const [email, id] of this.emails) if (id === record.id) this.emails.delete(email);
    for (const list of this.lists.values()) list.members.delete(record.id);
    this.emit({ subscriptionType: 'object.deletion', objectId: record.id, occurredAt: now, changeSource: source });
  }

  erase(record: CrmRecord): void {
    const email = record.properties['email'];
    if (email !== undefined) this.blocked.add(email);
    this.archive('contacts', record, 'CRM_UI');
    this.emit({
      subscriptionType: 'contact.privacyDeletion',
      objectId: record.id,
      occurredAt: this.now(),
      changeSource: 'CRM_UI',
    });
  }

  /** Merges two contacts into a new record, as HubSpot does: the primary's values win, the other email becomes secondary. */
  merge(primary: CrmRecord, other: CrmRecord, source: CrmEvent['changeSource']): CrmRecord {
    const now = this.now();
    const survivor: CrmRecord = {
      id: this.newId(),
      properties: { ...other.properties, ...primary.properties },
      createdAt: Math.min(primary.createdAt, other.createdAt),
      updatedAt: now,
      archived: false,
      indexedAt: now + this.searchLagMs,
    };
    const emails = [primary, other]
      .flatMap((record) => [
        record.properties['email'] ?? '',
        ...(record.properties['hs_additional_emails'] ?? '').split(';'),
      ])
      .filter((email) => email !== '');
    const ids = [primary, other]
      .flatMap((record) => [record.id, ...(record.properties['hs_merged_object_ids'] ?? '').split(';')])
      .filter((id) => id !== '');
    for (const record of [primary, other]) {
      this.contacts.delete(record.id);
      this.mergedInto.set(record.id, survivor.id);
    }
    if (emails.some((email) => this.optedOut.has(email))) survivor.properties['hs_email_optout'] = 'true';
    this.contacts.set(survivor.id, survivor);
    for (const email of emails) this.emails.set(email, survivor.id);
    survivor.properties['hs_merged_object_ids'] = ids.join(';');
    const secondary = [...new Set(emails)].filter((email) => email !== survivor.properties['email']);
    if (secondary.length > 0) survivor.properties['hs_additional_emails'] = secondary.join(';');
    for (const list of this.lists.values()) {
      if (list.members.delete(primary.id) || list.members.delete(other.id)) list.members.add(survivor.id);
      list.members.delete(other.id);
    }
    this.emit({
      subscriptionType: 'object.merge',
      objectId: primary.id,
      occurredAt: now,
      changeSource: source,
      primaryObjectId: primary.id,
      mergedObjectIds: [other.id],
      newObjectId: survivor.id,
    });
    return survivor;
  }

  /** A property as HubSpot sends it: text, or null when unset. */
  valueOf(record: CrmRecord, name: string): string | null {
    switch (name) {
      case 'hs_object_id':
        return record.id;
      case 'createdate':
        return new Date(record.createdAt).toISOString();
      case 'lastmodifieddate':
      case 'hs_lastmodifieddate':
        return new Date(record.updatedAt).toISOString();
      case 'associatedcompanyid':
        return this.companyOf.get(record.id) ?? null;
      default:
        return record.properties[name] ?? null;
    }
  }

  isMember(list: HubspotList, record: CrmRecord): boolean {
    return list.filter === undefined ? list.members.has(record.id) : list.filter(record.properties);
  }

  membersOf(list: HubspotList): string[] {
    const ids =
      list.filter === undefined
        ? [...list.members]
        : [...this.contacts.values()].filter((record) => this.isMember(list, record)).map(({ id }) => id);
    return ids.sort((a, b) => Number(a) - Number(b));
  }

  private seedLists(): void {
    const add = (
      id: string,
      name: string,
      processingType: HubspotList['processingType'],
      filter?: HubspotList['filter'],
    ): void => {
      this.lists.set(id, {
        id,
        name,
        processingType,
        members: new Set(),
        createdAt: Date.now(),
        ...(filter === undefined ? {} : { filter }),
      });
    };
    add('41', 'Trade fair 2026', 'MANUAL');
    add('42', 'Customers', 'DYNAMIC', (properties) => properties['lifecyclestage'] === 'customer');
    add('43', 'Germany', 'DYNAMIC', (properties) => properties['country'] === 'Germany');
    add('44', 'Newsletter wanted', 'DYNAMIC', (properties) => properties['newsletter'] === 'true');
    add('45', 'Imported partners', 'SNAPSHOT');
    add('46', 'Empty list', 'MANUAL');
  }

  /** Members in the order in which they joined, with the time and a running number. */
  joinOrder(list: HubspotList): [string, { at: number; n: number }][] {
    const members = new Set(this.membersOf(list));
    const joined = (list.joined ??= new Map<string, { at: number; n: number }>());
    let n = [...joined.values()].at(-1)?.n ?? 0;
    for (const id of joined.keys()) if (!members.has(id)) joined.delete(id);
    for (const id of members) if (!joined.has(id)) joined.set(id, { at: Date.now(), n: (n += 1) });
    return [...joined];
  }

  /** Brings in the people who are in HubSpot. No webhooks are sent for them. */
  seed(people: readonly Person[]): void {
    const companies = new Map<string, string>();
    for (const person of people) {
      if (!person.inHubspot) continue;
      const properties = Object.entries({
        email: person.email,
        firstname: person.firstName,
        lastname: person.lastName,
        phone: person.phoneNational,
        country: person.countryName,
        city: person.city,
        jobtitle: person.jobTitle,
        company: person.company,
        lifecyclestage: person.lifecycleStage,
        favourite_colour: person.colours[0] ?? null,
        colours: person.colours.join(';'),
        birthday: person.birthday,
        loyalty_points: person.points === null ? null : String(person.points),
        newsletter: person.newsletter === null ? null : String(person.newsletter),
      }).flatMap(([name, value]): [string, string][] => (value === null || value === '' ? [] : [[name, value]]));
      const createdAt = Date.parse(person.createdAt);
      const record: CrmRecord = {
        id: this.newId(),
        properties: Object.fromEntries(properties),
        createdAt,
        updatedAt: createdAt,
        archived: false,
        indexedAt: createdAt,
      };
      this.contacts.set(record.id, record);
      if (person.email !== null) this.emails.set(person.email, record.id);
      for (const email of person.additionalEmails) this.addEmail(record, email);
      if (person.key % 7 === 0) this.lists.get('41')?.members.add(record.id);
      if (person.key % 11 === 0) this.lists.get('45')?.members.add(record.id);
      if (person.company === null) continue;
      let companyId = companies.get(person.company);
      if (companyId === undefined) {
        companyId = this.newId();
        companies.set(person.company, companyId);
        this.companies.set(companyId, {
          id: companyId,
          properties: {
            name: person.company,
            domain: `company${companyId}.example.com`,
            industry: 'RETAIL',
            annualrevenue: String(100_000 + Number(companyId)),
          },
          createdAt,
          updatedAt: createdAt,
          archived: false,
          indexedAt: createdAt,
        });
      }
      this.companyOf.set(record.id, companyId);
      if (person.key % 9 === 0) this.seedDeal(record.id, person.key, createdAt);
    }
  }

  private seedDeal(contactId: string, key: number, createdAt: number): void {
    const id = this.newId();
    const closed = key % 2 === 0;
    // Every third deal is a renewal.
    const pipeline = [...this.dealPipelines.values()][key % 27 === 0 ? 1 : 0];
    this.deals.set(id, {
      id,
      properties: {
        dealname: `Deal ${key}`,
        amount: String(key * 10),
        pipeline: pipeline?.id ?? '',
        dealstage: pipeline?.stages.find((stage) => stage.closed === closed)?.id ?? '',
        hs_is_closed: String(closed),
      },
      createdAt,
      updatedAt: createdAt,
      archived: false,
      indexedAt: createdAt,
    });
    this.dealsOf.set(contactId, (this.dealsOf.get(contactId) ?? new Set()).add(id));
  }
}
