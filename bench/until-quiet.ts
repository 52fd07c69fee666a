import { pause, type Stands } from './stage.js';

/** A period of the sweeps (`stage.ts`). */
export const periodMs = 30_000;

/** Waits until sweeps have nothing left to list: two periods in a row make the same calls. Answers the calls until then. */
export async function untilQuiet(stands: Pick<Stands, 'calls'>): Promise<{ hubspot: number; klaviyo: number }> {
  const sum = { hubspot: 0, klaviyo: 0 };
  for (let before = -1, now = -2; before !== now;) {
    await pause(periodMs);
    before = now;
    const { hubspot, klaviyo } = await stands.calls();
    sum.hubspot += hubspot.total;
    sum.klaviyo += klaviyo.total;
    now = hubspot.total + klaviyo.total;
  }
  return sum;
}
