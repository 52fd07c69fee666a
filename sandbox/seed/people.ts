import { seededRandom } from '../core/random.js';
import { colours, companies, countries, jobTitles, stages, type Country } from './names.js';

export type Suppression = 'HARD_BOUNCE' | 'INVALID_EMAIL' | 'SPAM_COMPLAINT' | 'UNSUBSCRIBE' | 'USER_SUPPRESSED';

/** One made-up person from whom both stand-ins are seeded. Addresses are under reserved example domains. */
export interface Person {
  key: number;
  firstName: string | null;
  lastName: string | null;
  email: string | null;
  additionalEmails: string[];
  phoneNational: string | null;
  phoneE164: string | null;
  country: string;
  countryName: string;
  city: string | null;
  jobTitle: string | null;
  company: string | null;
  lifecycleStage: string;
  colours: string[];
  birthday: string | null;
  points: number | null;
  newsletter: boolean | null;
  createdAt: string;
  inHubspot: boolean;
  inKlaviyo: boolean;
  klaviyo: {
    email: string;
    firstName: string | null;
    lastName: string | null;
    phone: string | null;
    city: string | null;
    title: string | null;
    organization: string | null;
    consent: 'SUBSCRIBED' | 'UNSUBSCRIBED' | 'NEVER_SUBSCRIBED';
    suppression: Suppression | null;
  } | null;
}

/**
 * A population that both vendors share: 35 % only in HubSpot, 45 % in both, 20 % only in Klaviyo; conflicts, gaps,
 * secondary addresses, mixed case, national and unusable phone numbers, every state of consent.
 */
export function makePeople(count: number, seed = 1): Person[] {
  const random = seededRandom(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const chance = (p: number): boolean => random() < p;
  const total = countries.reduce((sum, country) => sum + country.weight, 0);
  const someCountry = (): Country => {
    let left = random() * total;
    return countries.find((country) => (left -= country.weight) < 0) ?? (countries[0] as Country);
  };
  const people: Person[] = [];
  for (let key = 1; key <= count; key += 1) {
    const country = someCountry();
    const where = random();
    const inHubspot = where < 0.8;
    const inKlaviyo = where >= 0.35;
    const domain = pick(country.domains);
    const address = `person${key}.${country.code.toLowerCase()}@${domain}`;
    const email = inHubspot && !inKlaviyo && chance(0.03) ? null : address;
    const phone = country.phone(key);
    const unusable = chance(0.01);
    const hasPhone = !chance(0.15);
    const person: Person = {
      key,
      firstName: chance(0.02) ? null : pick(country.first),
      lastName: chance(0.05) ? null : pick(country.last),
      email,
      additionalEmails: inHubspot && email !== null && chance(0.05) ? [`alias${key}@${domain}`] : [],
      phoneNational: !hasPhone
        ? null
        : unusable
          ? pick(['ask my assistant', '12', 'n/a'])
          : chance(0.6)
            ? phone.national
            : phone.e164,
      phoneE164: hasPhone && !unusable ? phone.e164 : null,
      country: country.code,
      countryName: country.name,
      city: chance(0.1) ? null : pick(country.cities),
      jobTitle: chance(0.3) ? null : pick(jobTitles),
      company: chance(0.25) ? null : pick(companies),
      lifecycleStage: pick(stages),
      colours: colours.filter(() => chance(0.3)),
      birthday: chance(0.4)
        ? null
        : `${1950 + Math.floor(random() * 55)}-${String(1 + Math.floor(random() * 12)).padStart(2, '0')}-${String(1 + Math.floor(random() * 28)).padStart(2, '0')}`,
      points: chance(0.3) ? null : Math.floor(random() * 2000),
      newsletter: chance(0.2) ? null : chance(0.5),
      createdAt: new Date(Date.UTC(2023, 0, 1) + Math.floor(random() * 1000) * 86_400_000 + key * 1000).toISOString(),
      inHubspot,
      inKlaviyo,
      klaviyo: null,
    };
    if (inKlaviyo) person.klaviyo = klaviyoSide(person, address, { chance, pick, random });
    people.push(person);
  }
  return people;
}

type Dice = { chance: (p: number) => boolean; pick: <T>(items: readonly T[]) => T; random: () => number };

function klaviyoSide(person: Person, address: string, { chance, pick, random }: Dice): NonNullable<Person['klaviyo']> {
  const shared = person.inHubspot;
  const alias = person.additionalEmails[0];
  const state = random();
  const suppression: Suppression | null =
    state < 0.02
      ? 'HARD_BOUNCE'
      : state < 0.025
        ? 'SPAM_COMPLAINT'
        : state < 0.035
          ? 'USER_SUPPRESSED'
          : state < 0.038
            ? 'INVALID_EMAIL'
            : state < 0.1
              ? 'UNSUBSCRIBE'
              : null;
  const consent =
    suppression === 'UNSUBSCRIBE' || suppression === 'SPAM_COMPLAINT'
      ? 'UNSUBSCRIBED'
      : suppression === 'USER_SUPPRESSED' || state < 0.6
        ? 'SUBSCRIBED'
        : 'NEVER_SUBSCRIBED';
  return {
    // Klaviyo keeps addresses as they were typed; some people are there under a contact's secondary address.
    email:
      shared && alias !== undefined && chance(0.2)
        ? alias
        : chance(0.1)
          ? address
              .replace(/^p/, 'P')
              .replace('.', '.')
              .toUpperCase()
              .replace(/@.*/, (domain) => domain.toLowerCase())
          : address,
    firstName: shared && chance(0.05) ? pick(['Alex', 'Kim', 'Sam']) : chance(0.1) ? null : person.firstName,
    lastName: chance(0.08) ? null : person.lastName,
    phone: chance(0.3) ? null : person.phoneE164,
    city: shared && chance(0.05) ? 'Springfield' : chance(0.2) ? null : person.city,
    title: chance(0.4) ? null : person.jobTitle,
    organization: chance(0.4) ? null : person.company,
    consent,
    suppression,
  };
}
