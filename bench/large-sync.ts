import { draftEverybody } from './draft-everybody.js';
import { pause, startBackend, startStands } from './stage.js';

interface Sample {
  done: number;
  seconds: number;
  cpuSeconds: number;
  megabytes: number;
}

/** People of the sync that the large one is compared with. */
const reference = 10_000;

/**
 * A first two-way sync of very many people, without limits, sampled all along: how much memory it takes, and whether people
 * take longer than in one of ten thousand. Processor time is given too: stand-ins and database share the cores.
 */
export async function largeSync(people: number): Promise<[string, string, string, string][]> {
  const few = await sampled(reference);
  const samples = await sampled(people);
  const total = samples.at(-1)?.done ?? NaN;
  const tenths = Array.from({ length: 10 }, (_one, n) => tenth(samples, (total * n) / 10, (total * (n + 1)) / 10));
  const list = (of: (one: (typeof tenths)[number]) => string): string => tenths.map(of).join(' ');
  // The first tenth loads the vendors' SDKs and warms up.
  const [second, last] = [tenths[1], tenths[9]];
  const [large, small] = [whole(samples, people), whole(few, reference)];
  return [
    [
      `first two-way sync of ${people.toLocaleString('en')} people, memory by tenths`,
      `${list(({ megabytes }) => megabytes.toFixed(0))} MB; of ${reference.toLocaleString('en')} people ${small.megabytes.toFixed(0)} MB`,
      '≤ 350 MB, flat',
      '',
    ],
    [
      `time a person, ${people.toLocaleString('en')} people to ${reference.toLocaleString('en')}`,
      `${(small.perSecond / large.perSecond).toFixed(2)} × (${large.perSecond.toFixed(0)} and ${small.perSecond.toFixed(0)} people/s; CPU of the service ${large.cpuMs.toFixed(2)} and ${small.cpuMs.toFixed(2)} ms)`,
      '≤ 1.15 ×',
      '',
    ],
    ['people/s by tenths', list(({ perSecond }) => perSecond.toFixed(0)), '', ''],
    [
      'CPU of the service a person by tenths',
      `${list(({ cpuMs }) => cpuMs.toFixed(2))} ms; last to second ${((last?.cpuMs ?? NaN) / (second?.cpuMs ?? NaN)).toFixed(2)} ×`,
      '',
      '',
    ],
  ];
}

/** A first sync of so many people, sampled all along. */
async function sampled(people: number): Promise<Sample[]> {
  const stands = await startStands(people, 'off');
  const backend = await startBackend(stands, 'off');
  try {
    const id = await draftEverybody(backend.call);
    const started = performance.now();
    const before = (await backend.cost()).cpuSeconds;
    await backend.call('POST', `/connections/${id}/activate`);
    const samples: Sample[] = [];
    for (let finished = false; !finished;) {
      await pause(500);
      const status = await backend.call<{ state: string; run: { state: string; done: number } | null }>(
        'GET',
        `/connections/${id}/status`,
      );
      const { cpuSeconds, resident } = await backend.cost();
      samples.push({
        done: status.run?.done ?? 0,
        seconds: (performance.now() - started) / 1000,
        cpuSeconds: cpuSeconds - before,
        megabytes: resident,
      });
      finished = status.state === 'active' && status.run?.state === 'finished';
    }
    return samples;
  } finally {
    await backend.close();
    await stands.close();
  }
}

/** What the sync as a whole took. */
function whole(samples: readonly Sample[], people: number): { perSecond: number; cpuMs: number; megabytes: number } {
  const last = samples.at(-1);
  return {
    perSecond: people / (last?.seconds ?? NaN),
    cpuMs: ((last?.cpuSeconds ?? NaN) * 1000) / people,
    megabytes: Math.max(...samples.map(({ megabytes }) => megabytes)),
  };
}

/** What happened while a run went from so many people to so many. */
function tenth(
  samples: readonly Sample[],
  from: number,
  to: number,
): { perSecond: number; cpuMs: number; megabytes: number } {
  const first = samples.findLast(({ done }) => done <= from) ?? { done: 0, seconds: 0, cpuSeconds: 0, megabytes: 0 };
  const last = samples.find(({ done }) => done >= to) ?? samples.at(-1) ?? first;
  const within = samples.filter(({ done }) => done >= from && done <= to);
  const people = last.done - first.done;
  return {
    perSecond: people / (last.seconds - first.seconds),
    cpuMs: ((last.cpuSeconds - first.cpuSeconds) * 1000) / people,
    megabytes: Math.max(last.megabytes, ...within.map(({ megabytes }) => megabytes)),
  };
}
