import { config as hubspotExtensions } from '@hubspot/eslint-config-ui-extensions';
import tseslint from 'typescript-eslint';

/**
 * Two things are kept here: promises and types are handled with care (lost promises are lost changes), and imports
 * point one way (docs/architecture.md). Each import rule says its reason, because that is what people meet.
 */
const steps = 'contacts|engagement|intake|oauth|api|queue';
const upTo = (folders) => `^(\\.\\./)+(${folders})(/|\\.js$)`;

const never = {
  sandbox: {
    regex: '^(\\.\\./)+(sandbox|bench|test)/',
    message:
      'The service knows nothing of its stand-ins and tests: what it does in a test it must do in the same way for real vendors.',
  },
  server: {
    regex: '^(\\.\\./)+server/',
    message: 'A stand-in that shares code with the service shares its mistakes and cannot show them.',
  },
  wiring: {
    regex: upTo('main|context'),
    message: 'Only main.ts and context.ts see everything. Take what you need as a parameter.',
  },
  abovePurity: {
    regex: '^(?!\\./|libphonenumber-js)',
    message:
      'Rules are pure: data in, decision out. They import each other only, so that they can be tested on a million cases.',
  },
  abovePurityBelow: {
    regex: '^(?!\\./|\\.\\./[a-z-]+\\.js$|libphonenumber-js)',
    message: 'Rules are pure: those in a folder of their own import each other and the rules above only.',
  },
  aboveEngagementRules: {
    regex: '^(?!\\./|\\.\\./[a-z-]+\\.js$|libphonenumber-js)',
    message: 'Rules are pure, and so are those of the engagement path: they import rules only.',
  },
  aboveStore: {
    regex: upTo(`${steps}|vendors`),
    message: 'The store keeps rows and decides nothing; the steps call it, it does not call them.',
  },
  aboveVendors: {
    regex: upTo(steps),
    message: 'Vendor adapters know the vendor alone. What a call is for is decided by the step that makes it.',
  },
  aboveSteps: {
    regex: upTo('queue|api'),
    message: 'Queue and API call the steps, so that a step can be run and tested without either.',
  },
  pg: { regex: '^pg$', message: 'SQL lives in server/store, one file a table group. Take a Database.' },
  boss: { regex: '^pg-boss$', message: 'Only server/queue knows which queue it is.' },
  vendorSdk: {
    regex: '^(@hubspot/api-client|klaviyo-api)',
    message: 'Vendors are spoken to in server/vendors only: there are the limits, the retries and the errors.',
  },
};

const outside = {
  message: 'HubSpot builds each folder of extensions by itself: what it shares with another one stands in both.',
};

const imports = (files, ...patterns) => ({ files, rules: { 'no-restricted-imports': ['error', { patterns }] } });
const folder = (name) => [`server/${name}/**/*.ts`];
const everywhere = [never.sandbox, never.wiring];

export default tseslint.config(
  { ignores: ['build', 'node_modules', 'coverage', 'test-output', '.data', 'hubspot-app/dist'] },
  { linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: 'error' } },
  {
    files: ['server/**/*.ts', 'sandbox/**/*.ts', 'bench/**/*.ts', 'test/**/*.ts'],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
      'no-empty': ['error', { allowEmptyCatch: false }],
      'no-param-reassign': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/prefer-promise-reject-errors': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unnecessary-type-assertion': 'error',
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: true },
      ],
      // An async function that has nothing to wait for still keeps the promise of its interface.
      '@typescript-eslint/require-await': 'off',
      // Values of vendors are `unknown` on purpose; what they turn into is checked where they are converted.
      '@typescript-eslint/no-base-to-string': 'off',
      // What is passed about here are objects of closures; the few classes have no method that is handed on.
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
    },
  },
  {
    files: ['server/**/*.ts'],
    ignores: ['server/config.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        {
          object: 'process',
          property: 'env',
          message: 'server/config.ts reads and checks the environment once; take its Config.',
        },
      ],
    },
  },
  // The first place a rule is set counts for files no later entry names; later entries replace it, so each is complete.
  imports(['server/**/*.ts'], never.sandbox, never.pg, never.boss, never.vendorSdk),
  imports(folder('rules'), never.abovePurity),
  imports(folder('rules/engagement'), never.aboveEngagementRules),
  imports(['server/rules/*/**/*.ts'], never.abovePurityBelow),
  imports(folder('store'), ...everywhere, never.aboveStore, never.boss, never.vendorSdk),
  imports(folder('vendors'), ...everywhere, never.aboveVendors, never.pg, never.boss),
  imports(
    folder('{contacts,engagement,intake,oauth}'),
    ...everywhere,
    never.aboveSteps,
    never.pg,
    never.boss,
    never.vendorSdk,
  ),
  imports(folder('queue'), ...everywhere, never.pg, never.vendorSdk),
  imports(folder('api'), ...everywhere, never.pg, never.boss, never.vendorSdk),
  imports(['sandbox/**/*.ts'], never.server),
  {
    // A test that finds nothing where something must be may fail with a stack trace.
    files: ['test/**/*.ts'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    // They talk to a person at a terminal.
    files: ['sandbox/**/*.ts', 'bench/**/*.ts', 'server/main.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['**/*.mjs'],
    extends: [tseslint.configs.base],
    rules: { eqeqeq: 'error', 'prefer-const': 'error', 'no-unused-vars': ['error', { argsIgnorePattern: '^_' }] },
  },
  // What HubSpot's own lint refuses in an extension: it runs in a worker there, without DOM, network or storage.
  ...hubspotExtensions
    .filter(({ plugins }) => plugins !== undefined)
    .map((rules) => ({ ...rules, files: ['hubspot-app/**/*.{ts,tsx}'] })),
  // HubSpot's rules on imports look for a folder called src; these say the same of ours.
  imports(['hubspot-app/app/*/*.{ts,tsx}'], { ...outside, regex: '^\\.\\./' }),
  imports(['hubspot-app/app/*/*/*.{ts,tsx}'], { ...outside, regex: '^\\.\\./\\.\\./' }),
  {
    files: ['hubspot-app/**/*.{ts,tsx}'],
    extends: [...tseslint.configs.recommended],
    rules: { eqeqeq: 'error', '@typescript-eslint/consistent-type-imports': 'error' },
  },
);
