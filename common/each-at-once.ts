/** Does `work` for each item, `atOnceMax` at a time. Rejects with the first error, when those under way have ended. */
export async function eachAtOnce<T>(
  items: AsyncIterable<T> | Iterable<T>,
  atOnceMax: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const underWay = new Set<Promise<void>>();
  let failed: { readonly thrown: unknown } | undefined;
  for await (const item of items) {
    const done = work(item)
      .catch((thrown: unknown) => {
        failed ??= { thrown };
      })
      .finally(() => underWay.delete(done));
    underWay.add(done);
    if (underWay.size >= atOnceMax) await Promise.race(underWay);
    if (failed !== undefined) break;
  }
  await Promise.all(underWay);
  if (failed !== undefined) throw failed.thrown;
}
