/**
 * Stores what comes in while a write is under way together with the next one, at most `most` at a time: under load one
 * statement and one commit for many, alone no later than by itself. Each is answered after its own write is through; one
 * that fails fails for all that were in it, and what waits is tried by itself.
 */
export function storeTogether<Item, Answer>(
  write: (items: Item[]) => Promise<Answer>,
  most: number,
): (item: Item) => Promise<Answer> {
  const waiting: { item: Item; resolve: (answer: Answer) => void; reject: (error: unknown) => void }[] = [];
  let underWay = false;
  const run = async (): Promise<void> => {
    underWay = true;
    while (waiting.length > 0) {
      const now = waiting.splice(0, most);
      try {
        const answer = await write(now.map(({ item }) => item));
        for (const { resolve } of now) resolve(answer);
      } catch (error) {
        for (const { reject } of now) reject(error);
      }
    }
    underWay = false;
  };
  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (!underWay) void run();
    });
}
