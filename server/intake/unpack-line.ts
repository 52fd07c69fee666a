export interface UnpackLine {
  /** Puts a portal at the end of the line; one that stands in it keeps its place. */
  join(portalId: string): void;
  /** Lets nobody begin any more, and waits for who is at it. */
  stop(): Promise<void>;
}

/**
 * Who stores hints unpacks them too, right away: no job carries word of them to another process. A few portals are worked
 * on at a time, each for one batch, and whoever has more left joins at the end, so that a flood to one portal keeps no
 * webhook of another waiting. What a crash leaves, or a failure, the next tick finds.
 */
export function unpackLine(
  unpackSome: (portalId: string) => Promise<'more' | 'done'>,
  atOnce: number,
  failed: (error: unknown) => void,
): UnpackLine {
  const waiting = new Set<string>();
  const underWay = new Map<string, Promise<void>>();
  let stopped = false;
  const begin = (): void => {
    for (const portalId of waiting) {
      if (stopped || underWay.size >= atOnce) return;
      // What came while its batch is under way may not be in it: it stays in the line until then.
      if (underWay.has(portalId)) continue;
      waiting.delete(portalId);
      underWay.set(portalId, serve(portalId));
    }
  };
  const serve = async (portalId: string): Promise<void> => {
    try {
      if ((await unpackSome(portalId)) === 'more') waiting.add(portalId);
    } catch (error) {
      failed(error);
    } finally {
      underWay.delete(portalId);
      begin();
    }
  };
  return {
    join(portalId) {
      waiting.add(portalId);
      begin();
    },
    async stop() {
      stopped = true;
      await Promise.all(underWay.values());
    },
  };
}
