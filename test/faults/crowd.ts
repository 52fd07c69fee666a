import { writeProfile } from '../../sandbox/klaviyo/profile-write.js';
import type { Account, Profile } from '../../sandbox/klaviyo/store.js';
import type { CrmRecord, Portal } from '../../sandbox/hubspot/store.js';
import { activity, sharedEmails } from '../helpers/engagement.js';
import type { World } from '../helpers/service.js';
import { steer } from './disturber.js';
import { peopleInAll, seededPeople, type Side, type Step } from './steps.js';

type Doing = Extract<Step, { kind: 'edit' | 'create' | 'click' | 'opt_out' | 'phone' }>;

const dayMs = 24 * 3_600_000;

/** What was written last of a field, by side. */
export interface Written {
  hubspot?: string;
  klaviyo?: string;
}

/** The people of a campaign, what they do, and what must be true of them in the end. */
export class Crowd {
  /** First names change in HubSpot only, companies in Klaviyo only, job titles in both. By email. */
  readonly firstnames = new Map<string, Written>();
  readonly companies = new Map<string, Written>();
  readonly titles = new Map<string, Written>();
  /** Link clicked → email of who clicked. */
  readonly clicks = new Map<string, string>();
  readonly optedOut = new Map<string, Side>();
  /** The number given last in HubSpot, and whether Klaviyo takes it. By email. */
  readonly phones = new Map<string, { value: string; right: boolean }>();
  /** Clicks that Klaviyo listed a day and more after they happened. */
  daysLate = 0;
  readonly done = new Map<string, number>();
  private readonly clickedAt = new Map<string, number[]>();
  private readonly emails: string[];

  constructor(private readonly world: World) {
    const shared = sharedEmails(world);
    this.emails = Array.from({ length: peopleInAll }, (_, who) =>
      who < seededPeople ? shared[who % shared.length]! : `newcomer${who}@example.org`,
    );
  }

  get portal(): Portal {
    return this.world.hubspot.portals.get(this.world.portalId)!;
  }

  get account(): Account {
    return this.world.klaviyo.accounts.get('TANDM1')!;
  }

  contact(email: string): CrmRecord | undefined {
    return this.portal.contacts.get(this.portal.emails.get(email.toLowerCase()) ?? '');
  }

  profile(email: string): Profile | undefined {
    return this.account.holder({ email })[0];
  }

  /** Does it, where the record is there, and notes what must come of it. */
  async act(step: Doing): Promise<void> {
    const email = this.emails[step.who]!;
    const acted = await this.attempt(step, email);
    if (acted) this.done.set(step.kind, (this.done.get(step.kind) ?? 0) + 1);
  }

  private async attempt(step: Doing, email: string): Promise<boolean> {
    switch (step.kind) {
      case 'edit':
        return step.side === 'hubspot' ? this.editContact(email, step.mark) : this.editProfile(email, step.mark);
      case 'create': {
        const made = [];
        if (step.side !== 'klaviyo' && this.contact(email) === undefined)
          made.push(this.createContact(email, step.mark));
        if (step.side !== 'hubspot' && this.profile(email) === undefined)
          made.push(this.createProfile(email, step.mark));
        return made.length > 0;
      }
      case 'click': {
        if (this.profile(email) === undefined || this.contact(email) === undefined) return false;
        const at = Date.now() - step.agoMs;
        // Three links within ten seconds are a program's, and are left out as such.
        const others = this.clickedAt.get(email) ?? [];
        if (others.some((other) => Math.abs(other - at) < 7000)) return false;
        this.clickedAt.set(email, [...others, at]);
        const url = `https://shop.example.com/clicked/${step.mark}`;
        this.clicks.set(url, email);
        if (step.agoMs > dayMs) this.daysLate += 1;
        const happened = { url, at: new Date(at).toISOString(), lagMs: step.lagMs };
        await activity(this.world, { email, type: 'clicked', ...happened });
        return true;
      }
      case 'phone':
        return this.givePhone(email, step.right, step.mark);
      case 'opt_out': {
        if (this.profile(email) === undefined || this.contact(email) === undefined) return false;
        if (!this.optedOut.has(email)) this.optedOut.set(email, step.side);
        const { hubspot, klaviyo, portalId } = this.world;
        if (step.side === 'hubspot') await steer(`${hubspot.url}/_sandbox/portals/${portalId}/opt-out`, { email });
        else await steer(`${klaviyo.url}/_sandbox/accounts/TANDM1/unsubscribe`, { email });
        return true;
      }
    }
  }

  private givePhone(email: string, right: boolean, mark: number): boolean {
    const contact = this.contact(email);
    if (contact === undefined) return false;
    const value = right ? `+49309${String(mark).padStart(6, '0')}` : `ask assistant ${mark}`;
    this.portal.update('contacts', contact, { phone: value }, 'CRM_UI');
    this.phones.set(email, { value, right });
    return true;
  }

  private editContact(email: string, mark: number): boolean {
    const contact = this.contact(email);
    if (contact === undefined) return false;
    this.portal.update('contacts', contact, { firstname: `First ${mark}`, jobtitle: `Title ${mark}` }, 'CRM_UI');
    this.note(email, 'hubspot', mark);
    return true;
  }

  private editProfile(email: string, mark: number): boolean {
    const profile = this.profile(email);
    if (profile === undefined) return false;
    const attributes = { organization: `Company ${mark}`, title: `Title ${mark}` };
    writeProfile(this.account, profile, { type: 'profile', attributes });
    this.note(email, 'klaviyo', mark);
    return true;
  }

  private createContact(email: string, mark: number): void {
    const values = { email, firstname: `First ${mark}`, jobtitle: `Title ${mark}` };
    this.portal.create('contacts', values, 'CRM_UI');
    this.note(email, 'hubspot', mark);
  }

  private createProfile(email: string, mark: number): void {
    const attributes = { email, organization: `Company ${mark}`, title: `Title ${mark}` };
    writeProfile(this.account, null, { type: 'profile', attributes });
    this.note(email, 'klaviyo', mark);
  }

  private note(email: string, side: Side, mark: number): void {
    const own = side === 'hubspot' ? this.firstnames : this.companies;
    own.set(email, { [side]: `${side === 'hubspot' ? 'First' : 'Company'} ${mark}` });
    this.titles.set(email, { ...this.titles.get(email), [side]: `Title ${mark}` });
  }
}
