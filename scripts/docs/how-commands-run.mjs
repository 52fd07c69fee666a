/**
 * How each command of the documentation is run by a test. The first that fits; a command that none fits fails the suite.
 *
 * `by`: that file runs it, and `proof` stands in it. `here`: test/integration/docs/commands.test.ts runs it. `long`: too
 * long for every change; `npm run test:docs` runs it, with these parameters, until it ends or has printed `until`.
 * `cannot`: it needs what no test has; the reason, and what is looked at instead.
 */
export const how = [
  [/^npm ci$/, { by: '.ci/run', proof: 'npm ci' }],
  [/^npm test$/, { by: '.ci/run', proof: 'npm test' }],
  [/^npm run test:docs$/, { by: 'scripts/test-docs.mjs', proof: 'npm run test:docs' }],
  [/^npm run (build|rules)$/, { by: 'scripts/test.mjs', proof: 'scripts/rules-coverage.mjs' }],
  [/^npm run settings:docs$/, { by: 'test/integration/docs/operating.test.ts', proof: 'scripts/settings-docs.mjs' }],
  [/^npm run schema$/, { by: 'test/integration/store/migrate.test.ts', proof: 'scripts/dump-schema.mjs' }],
  [/^npm run (lint|format)$/, { by: 'scripts/test.mjs', proof: 'oxfmt' }],
  [/^(ROLE=\w+ )?npm start$/, { here: 'start' }],
  [/^npm run tandem -- uninstall/, { by: 'test/journeys/install.test.ts', proof: "tandem('uninstall'" }],
  [/^npm run tandem -- /, { by: 'test/journeys/operator.test.ts', proof: 'build/server/operator.js' }],
  [/^node build\/server\/operator\.js|^(sudo )?node --env-file=\S+ build\/server\/operator\.js/, { here: 'env-file' }],
  [/^npm run drift\b/, { by: 'test/integration/docs/api-drift.test.ts', proof: 'scripts/api-drift.mjs' }],
  [/^node scripts\/app-events\.mjs/, { here: 'app-events' }],
  [/^npm run test:jest -- \S+$/, { here: 'jest' }],
  [/^npm run demo( -- --once)?$/, { long: ['npm', 'run', 'demo', '--', '--once', '--people', '150'] }],
  [/^npm run sandbox$/, { long: ['npm', 'run', 'sandbox'], until: '"klaviyo"' }],
  [/^npm run bench\b/, { long: ['npm', 'run', 'bench', '--', '--only', 'sync', '--people', '300'] }],
  [/^npm run test:random\b/, { long: ['npm', 'run', 'test:random', '--', '--seed', '7', '--ops', '60'] }],
  [/^npm run test:faults\b/, { long: ['npm', 'run', 'test:faults', '--', '--seed', '1', '--minutes', '0.2'] }],
  [/^npm run screenshots$/, { long: ['npm', 'run', 'screenshots'] }],
  [/^npm run states$/, { long: ['npm', 'run', 'states'] }],
  [/^sudo (install|cp deploy)|^printf |^echo "k1:/, { here: 'machine' }],
  [/^curl --fail http:\/\/127\.0\.0\.1:946\d\/readyz$/, { by: 'test/journeys/production.test.ts', proof: '/readyz' }],
  [
    /^sudo (useradd|cp -r)|^cd \/opt|^sudo npm /,
    { cannot: 'needs root and a machine of its own; npm ci and build run above' },
  ],
  [
    /^sudo systemctl/,
    { cannot: 'needs systemd running; the unit is verified and its command run (journeys/production)' },
  ],
  [
    /^docker compose/,
    { cannot: 'needs Docker; image and compose.yaml are read in docs/deploying, and built by the forge' },
  ],
  [/^hs /, { cannot: 'needs a HubSpot account; the project is parsed and bundled in hubspot-project/' }],
  [
    /^pg_(dump|restore) /,
    { cannot: 'needs client programs of the server’s version; what is restored is tried in journeys/restore' },
  ],
];
