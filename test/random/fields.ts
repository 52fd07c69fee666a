/** The fields that the random test maps, with the values people give them on either side. */
export interface RandomField {
  /** HubSpot property. */
  property: string;
  /** Label of the property, as issues name it. */
  klaviyo: { kind: 'attribute' | 'property'; name: string };
  kind: 'text' | 'number' | 'boolean' | 'date' | 'option' | 'options' | 'phone';
  direction: 'both' | 'to_klaviyo' | 'to_hubspot';
  winner: 'hubspot' | 'klaviyo' | null;
  emptyToo: boolean;
  hubspotValues: readonly string[];
  klaviyoValues: readonly unknown[];
}

const words = [
  'Ada',
  'Łukasz',
  '山田 太郎',
  'محمد',
  'Ωmega',
  '𝒳avier',
  'O’Neil; "x", <b>y</b>',
  '  padded  ',
  '0',
  'false',
  'null',
  'undefined',
  '${name}',
  "Robert'); --",
  'x'.repeat(300),
  'emoji 👩‍👩‍👧',
];
const empties = ['', '   ', ''];
const texts = [...words, ...empties];
const jsonTexts = [...words, ...empties, null];

/** International spellings of a few numbers: shared ones collide, which Klaviyo does not allow. */
const numbers = Array.from({ length: 40 }, (_, n) => `+49301234${String(100 + n)}`);
const spelled = numbers.map((number, n) =>
  n % 3 === 0
    ? number
    : n % 3 === 1
      ? `+49 30 ${number.slice(5)}`
      : `+49 (30) ${number.slice(5, 9)}-${number.slice(9)}`,
);

const both = { direction: 'both', winner: null, emptyToo: false } as const;
const attribute = (name: string): RandomField['klaviyo'] => ({ kind: 'attribute', name });
const property = (name: string): RandomField['klaviyo'] => ({ kind: 'property', name });
const text = { kind: 'text', hubspotValues: texts, klaviyoValues: jsonTexts } as const;

export const randomFields: readonly RandomField[] = [
  { property: 'firstname', klaviyo: attribute('first_name'), ...text, ...both },
  { property: 'lastname', klaviyo: attribute('last_name'), ...text, ...both, emptyToo: true },
  { property: 'company', klaviyo: attribute('organization'), ...text, ...both, winner: 'klaviyo' },
  { property: 'jobtitle', klaviyo: attribute('title'), ...text, ...both, direction: 'to_klaviyo' },
  { property: 'city', klaviyo: attribute('location.city'), ...text, ...both, winner: 'klaviyo', emptyToo: true },
  { property: 'state', klaviyo: attribute('location.region'), ...text, ...both, direction: 'to_hubspot' },
  {
    property: 'phone',
    klaviyo: attribute('phone_number'),
    kind: 'phone',
    ...both,
    hubspotValues: [...spelled, 'ask my assistant', '12', ''],
    klaviyoValues: [...numbers, null],
  },
  {
    property: 'loyalty_points',
    klaviyo: property('Points'),
    kind: 'number',
    ...both,
    emptyToo: true,
    hubspotValues: ['0', '7', '3.50', '-2', '007', '12345678901234567890', ''],
    klaviyoValues: [0, 7, 3.5, '12', -0.25, 'many', null, '', 1e21],
  },
  {
    property: 'newsletter',
    klaviyo: property('Newsletter'),
    kind: 'boolean',
    ...both,
    hubspotValues: ['true', 'false', ''],
    klaviyoValues: [true, false, 'yes', 'No', 0, 1, 'maybe', null],
  },
  {
    property: 'birthday',
    klaviyo: property('Birthday'),
    kind: 'date',
    ...both,
    emptyToo: true,
    hubspotValues: ['1990-05-05', '2000-02-29', '1969-12-31', ''],
    klaviyoValues: ['1990-05-05', '1985-01-31T10:00:00Z', '2021-02-30', 'soon', '', null],
  },
  {
    property: 'favourite_colour',
    klaviyo: property('Colour'),
    kind: 'option',
    ...both,
    hubspotValues: ['red', 'green', 'dark_violet', ''],
    klaviyoValues: ['red', 'Red', 'BLUE', 'Dark violet', 'mauve', '', null],
  },
  {
    property: 'colours',
    klaviyo: property('Colours'),
    kind: 'options',
    ...both,
    emptyToo: true,
    hubspotValues: ['red;blue', 'blue;red', 'green', ''],
    klaviyoValues: [['red', 'blue'], ['Blue', 'red'], 'red;green', [], ['mauve', 'red'], ['dark_violet'], null],
  },
];

/** The field of this HubSpot property. */
export function fieldOf(name: string): RandomField {
  const field = randomFields.find((one) => one.property === name);
  if (field === undefined) throw new Error(`No random field is called ${name}.`);
  return field;
}
