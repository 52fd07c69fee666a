/** Countries of the seeded people, with names in their own scripts and phone numbers as people there write them. */
export interface Country {
  code: string;
  name: string;
  weight: number;
  cities: string[];
  first: string[];
  last: string[];
  domains: string[];
  /** A national spelling and its E.164, from a running number. */
  phone: (n: number) => { national: string; e164: string };
}

const pad = (n: number, digits: number): string => String(n % 10 ** digits).padStart(digits, '0');

export const countries: Country[] = [
  {
    code: 'US',
    name: 'United States',
    weight: 30,
    cities: ['New York', 'Austin', 'San José', 'Chicago'],
    first: ['Ava', 'Liam', 'Noah', 'Mia', 'Zoë', 'Jack', 'Grace', 'Malik', 'Renée'],
    last: ['Smith', 'Johnson', "O'Neil", 'García', 'Lee-Young', 'Brown', 'Nguyen'],
    domains: ['example.com', 'mail.example.com', 'example.org'],
    phone: (n) => ({ national: `(212) 555-${pad(n, 4)}`, e164: `+1212555${pad(n, 4)}` }),
  },
  {
    code: 'DE',
    name: 'Germany',
    weight: 16,
    cities: ['Berlin', 'München', 'Köln', 'Würzburg'],
    first: ['Jürgen', 'Anna', 'Søren', 'Käthe', 'Lukas', 'Zoë', 'Björn'],
    last: ['Müller', 'Weiß', 'Schröder', 'von der Heide', 'Özdemir', 'Groß'],
    domains: ['example.de', 'post.example.de'],
    phone: (n) => ({ national: `030 ${pad(90_000_000 + n, 8)}`, e164: `+4930${pad(90_000_000 + n, 8)}` }),
  },
  {
    code: 'GB',
    name: 'United Kingdom',
    weight: 10,
    cities: ['London', 'Leeds', 'Glasgow'],
    first: ['Olivia', 'Siân', 'Harry', 'Niamh', 'George'],
    last: ['Taylor', 'McDonald', 'Jones', 'Featherstonehaugh'],
    domains: ['example.co.uk'],
    phone: (n) => ({ national: `020 7946 ${pad(n, 4)}`, e164: `+44207946${pad(n, 4)}` }),
  },
  {
    code: 'FR',
    name: 'France',
    weight: 8,
    cities: ['Paris', 'Lyon', 'Besançon'],
    first: ['Chloé', 'François', 'Hélène', 'Loïc', 'Anaïs'],
    last: ['Lefèvre', "D'Angelo", 'Dupont', 'Gaïd'],
    domains: ['example.fr'],
    phone: (n) => ({
      national: `01 99 00 ${pad(Math.floor(n / 100), 2)} ${pad(n, 2)}`,
      e164: `+3319900${pad(Math.floor(n / 100), 2)}${pad(n, 2)}`,
    }),
  },
  {
    code: 'PL',
    name: 'Poland',
    weight: 5,
    cities: ['Łódź', 'Kraków'],
    first: ['Łukasz', 'Małgorzata', 'Zażółć'],
    last: ['Wójcik', 'Kowalska', 'Gęśla'],
    domains: ['example.pl'],
    phone: (n) => ({
      national: `12 345 ${pad(Math.floor(n / 100), 2)} ${pad(n, 2)}`,
      e164: `+4812345${pad(Math.floor(n / 100), 2)}${pad(n, 2)}`,
    }),
  },
  {
    code: 'GR',
    name: 'Greece',
    weight: 3,
    cities: ['Αθήνα', 'Πάτρα'],
    first: ['Γιώργος', 'Ελένη'],
    last: ['Παπαδόπουλος', 'Νικολάου'],
    domains: ['example.gr'],
    phone: (n) => ({ national: `21 0555 ${pad(n, 4)}`, e164: `+30210555${pad(n, 4)}` }),
  },
  {
    code: 'UA',
    name: 'Ukraine',
    weight: 4,
    cities: ['Київ', 'Львів'],
    first: ['Олена', 'Тарас', 'Їжак'],
    last: ['Шевченко', 'Коваль'],
    domains: ['example.ua'],
    phone: (n) => ({ national: `044 555 ${pad(n, 4)}`, e164: `+38044555${pad(n, 4)}` }),
  },
  {
    code: 'IL',
    name: 'Israel',
    weight: 3,
    cities: ['תל אביב'],
    first: ['נועה', 'דוד'],
    last: ['כהן', 'לוי'],
    domains: ['example.co.il'],
    phone: (n) => ({ national: `03-555-${pad(n, 4)}`, e164: `+9723555${pad(n, 4)}` }),
  },
  {
    code: 'AE',
    name: 'United Arab Emirates',
    weight: 3,
    cities: ['دبي'],
    first: ['محمد', 'فاطمة'],
    last: ['الهاشمي', 'خان'],
    domains: ['example.ae'],
    phone: (n) => ({ national: `04 555 ${pad(n, 4)}`, e164: `+9714555${pad(n, 4)}` }),
  },
  {
    code: 'JP',
    name: 'Japan',
    weight: 6,
    cities: ['東京', '大阪'],
    first: ['太郎', 'さくら', '陽菜'],
    last: ['佐藤', '鈴木', '渡邉'],
    domains: ['example.jp'],
    phone: (n) => ({ national: `03-4555-${pad(n, 4)}`, e164: `+8134555${pad(n, 4)}` }),
  },
  {
    code: 'CN',
    name: 'China',
    weight: 4,
    cities: ['上海', '北京'],
    first: ['伟', '秀英'],
    last: ['王', '欧阳'],
    domains: ['example.cn'],
    phone: (n) => ({ national: `021 5555 ${pad(n, 4)}`, e164: `+86215555${pad(n, 4)}` }),
  },
  {
    code: 'IN',
    name: 'India',
    weight: 5,
    cities: ['मुंबई', 'Pune'],
    first: ['अर्जुन', 'प्रिया', 'Ravi'],
    last: ['शर्मा', 'Patel'],
    domains: ['example.in'],
    phone: (n) => ({ national: `022 4555 ${pad(n, 4)}`, e164: `+91224555${pad(n, 4)}` }),
  },
  {
    code: 'BR',
    name: 'Brazil',
    weight: 3,
    cities: ['São Paulo'],
    first: ['João', 'Conceição', '✨ Bia'],
    last: ['Silva', 'Araújo'],
    domains: ['example.com.br'],
    phone: (n) => ({ national: `(11) 3555-${pad(n, 4)}`, e164: `+55113555${pad(n, 4)}` }),
  },
];

export const companies = [
  'Acme GmbH',
  'Globex',
  'Initech',
  'Umbrella Café',
  'Hooli',
  'Ødegård AS',
  '株式会社サンプル',
  'Wayne & Söhne',
  'Stark Industries',
  'Müller & Partner',
];
export const jobTitles = [
  'Head of Marketing',
  'CEO',
  'Buyer',
  'Sales Manager',
  'Développeuse',
  'Praktikant',
  'Office Manager',
];
export const stages = ['subscriber', 'lead', 'marketingqualifiedlead', 'opportunity', 'customer'];
export const colours = ['red', 'green', 'blue', 'dark_violet'];
