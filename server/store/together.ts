/**
 * One statement for what several ask for at the same time: what comes while one is under way goes into the next, at most
 * `most` of it. Under load one statement and one commit serve many, alone nobody waits. Each is answered after its own
 * statement is through; one that fails fails for all that were in it, and what waits is tried by itself.
 */
export function together<Item, Answer>(
  run: (items: Item[]) => Promise<Answer>,
  most: number,
): (item: Item) => Promise<{ answer: Answer; place: number }> {
  const waiting: {
    item: Item;
    resolve: (answered: { answer: Answer; place: number }) => void;
    reject: (error: unknown) => void;
  }[] = [];
  let underWay = false;
  const work = async (): Promise<void> => {
    underWay = true;
    while (waiting.length > 0) {
      const now = waiting.splice(0, most);
      try {
        const answer = await run(now.map(({ item }) => item));
        for (const [place, { resolve }] of now.entries()) resolve({ answer, place });
      } catch (error) {
        for (const { reject } of now) reject(error);
      }
    }
    underWay = false;
  };
  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (!underWay) void work();
    });
}
