import { parseArgs } from 'node:util';
import { startHubspot } from './hubspot/index.js';
import { startKlaviyo } from './klaviyo/index.js';
import { makePeople } from './seed/people.js';

/** Both stand-ins as a program: prints one line of JSON when they serve, stops on SIGTERM. */
const { values } = parseArgs({
  options: {
    people: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    portals: { type: 'string', default: '1' },
    accounts: { type: 'string', default: '1' },
    everywhere: { type: 'boolean', default: false },
    limits: { type: 'string', default: 'on' },
    latency: { type: 'string', default: '0' },
    record: { type: 'string' },
    only: { type: 'string' },
    'hubspot-port': { type: 'string', default: '0' },
    'klaviyo-port': { type: 'string', default: '0' },
  },
});
const people = makePeople(Number(values.people), Number(values.seed));
const shared = {
  people,
  everywhere: values.everywhere,
  limits: values.limits !== 'off',
  latencyMs: Number(values.latency),
  ...(values.record === undefined ? {} : { recordTo: values.record }),
};
const hubspot =
  values.only === 'klaviyo'
    ? null
    : await startHubspot({ ...shared, portals: Number(values.portals), port: Number(values['hubspot-port']) });
const klaviyo =
  values.only === 'hubspot'
    ? null
    : await startKlaviyo({ ...shared, accounts: Number(values.accounts), port: Number(values['klaviyo-port']) });
const describe = (one: { url: string; clientId: string; clientSecret: string } | null): object | null =>
  one === null ? null : { url: one.url, clientId: one.clientId, clientSecret: one.clientSecret };
process.stdout.write(
  `${JSON.stringify({ hubspot: hubspot === null ? null : { ...describe(hubspot), appId: hubspot.appId }, klaviyo: describe(klaviyo) })}\n`,
);
const stop = (): void => {
  void Promise.all([hubspot?.close(), klaviyo?.close()]).then(() => process.exit(0));
};
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
