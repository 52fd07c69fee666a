import { config as hubspotExtensions } from '@hubspot/eslint-config-ui-extensions';
import tseslint from 'typescript-eslint';

/**
 * What HubSpot's own lint refuses in an extension: it runs in a worker there, without DOM, network or storage.
 * Everything else is looked at by oxlint (.oxlintrc.json), which knows the types of the whole project in seconds.
 */
export default tseslint.config(
  { ignores: ['*', '!hubspot-app', 'hubspot-app/dist'] },
  { linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: 'error' } },
  ...hubspotExtensions
    .filter(({ plugins }) => plugins !== undefined)
    .map((rules) => ({ ...rules, files: ['hubspot-app/**/*.{ts,tsx}'] })),
  {
    files: ['hubspot-app/**/*.{ts,tsx}'],
    extends: [...tseslint.configs.recommended],
    rules: { eqeqeq: 'error', '@typescript-eslint/consistent-type-imports': 'error' },
  },
);
