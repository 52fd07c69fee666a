import { getCountries, parsePhoneNumberFromString, type CountryCode } from 'libphonenumber-js/max';

const countries = new Set<string>(getCountries());
const regionNames = new Intl.DisplayNames(['en'], { type: 'region' });
const codeByName = new Map<string, CountryCode>(
  getCountries().flatMap((code) => {
    const name = regionNames.of(code);
    return name === undefined ? [] : [[name.toLowerCase(), code] as const];
  }),
);
// Names people and vendors write that differ from the CLDR ones.
const otherNames: Record<string, CountryCode> = {
  usa: 'US',
  'united states of america': 'US',
  uk: 'GB',
  'great britain': 'GB',
  england: 'GB',
  deutschland: 'DE',
  österreich: 'AT',
  schweiz: 'CH',
  'the netherlands': 'NL',
  'czech republic': 'CZ',
  turkey: 'TR',
  korea: 'KR',
  'republic of korea': 'KR',
  'russian federation': 'RU',
  españa: 'ES',
  italia: 'IT',
};

function isCountryCode(text: string): text is CountryCode {
  return countries.has(text);
}

/** The region (ISO 3166 two letters) that a country name or code stands for, or null when it names none. */
export function regionOf(country: string | null | undefined): string | null {
  const name = country?.trim() ?? '';
  const upper = name.toUpperCase();
  if (isCountryCode(upper)) return upper;
  return codeByName.get(name.toLowerCase()) ?? otherNames[name.toLowerCase()] ?? null;
}

/**
 * A phone number as Klaviyo takes it: E.164. National spellings are read in `region`.
 * Returns null when the text is no valid number there.
 * Klaviyo silently drops other spellings: https://developers.klaviyo.com/en/docs/work_with_phone_numbers
 */
export function toE164(text: string, region: string): string | null {
  const upper = region.toUpperCase();
  const key = `${upper} ${text}`;
  let number = known.get(key);
  if (number === undefined) {
    const parsed = parsePhoneNumberFromString(text, isCountryCode(upper) ? upper : undefined);
    number = parsed?.isValid() === true ? parsed.number : null;
    if (known.size >= mostKnown) known.clear();
    known.set(key, number);
  }
  return number;
}

/** What was read before: reading one takes 50 µs, and a person's number is read on each side and for each write. */
const known = new Map<string, string | null>();
const mostKnown = 5000;
