/**
 * What a newer document changes in what we use. Pure: use, documents and our own facts in, findings out.
 *
 * Without an older document everything in the newer one that our use does not fit is a finding; with one only what is new.
 * `breaks`: calls will fail or lose data. `look`: somebody must read it. `news`: nothing to do now.
 */
export function compareUse({ use, newer, older = null, moved = (path) => path, scopes, limits = () => null, names }) {
  const findings = [];
  const unknown = [];
  for (const [call, used] of Object.entries(use)) {
    const [method, path] = call.split(' ');
    const then = older?.find(method, path) ?? null;
    const now = newer.find(method, moved(path));
    const tell = (weight, what) => findings.push({ weight, call, what });
    if (now === null) {
      // What neither document ever described says nothing.
      if (older !== null && then === null) unknown.push(call);
      else tell('breaks', `there is no ${method} ${moved(path)}${older === null ? ' in it' : ' any more'}`);
      continue;
    }
    for (const [weight, what] of differences({ used, then, now, scopes, names, limit: limits(method, path) }))
      tell(weight, what);
  }
  return { findings, unknown };
}

const list = (values) => [...values].join(', ');

function* differences({ used, then, now, scopes, names, limit }) {
  if (now.deprecated && then?.deprecated !== true) yield ['look', 'is deprecated'];
  yield* parameters(used, then, now, names);
  yield* filters(used, then, now);
  yield* sent(used, then, now, names);
  yield* read(used, then, now, names);
  const enough = (operation) =>
    operation.scopes.length === 0 || operation.scopes.some((one) => one.every((scope) => scopes.includes(scope)));
  if (!enough(now) && (then === null || enough(then)))
    yield ['breaks', `asks for scopes that we do not have: ${list(now.scopes.map((one) => one.join(' + ')))}`];
  yield* rates(then, now, limit);
}

function* parameters(used, then, now, names) {
  for (const name of used.query) {
    const [before, after] = [then?.parameters.get(name), now.parameters.get(name)];
    if (after === undefined) {
      if (then === null || before !== undefined) yield ['breaks', `no longer takes the parameter ${name}`];
      continue;
    }
    if (after.isChoice)
      for (const value of used.chosen[name] ?? [])
        if (!after.values.has(value) && (then === null || before?.values.has(value)))
          yield ['breaks', `${name} no longer takes ${value}`];
    // What we choose of the values was looked at above.
    yield* narrowed(`parameter ${name}`, before, after, name in used.chosen ? new Set() : names, true);
  }
  for (const [name, { mandatory }] of now.parameters)
    if (mandatory && !used.query.includes(name) && (then === null || then.parameters.get(name)?.mandatory !== true))
      yield ['breaks', `now wants the parameter ${name}, which we do not send`];
}

function* filters(used, then, now) {
  if (now.filters === null) return;
  const allows = (known, filter) => {
    const [, operator, field] = /^([a-z-]+)\((.+)\)$/.exec(filter) ?? [];
    const { single = [], list: many = [] } = known?.[field]?.operators ?? {};
    return single.includes(operator) || many.includes(operator);
  };
  for (const filter of used.filters)
    if (!allows(now.filters, filter) && (then === null || allows(then.filters, filter)))
      yield ['breaks', `no longer filters by ${filter}`];
}

/** What stands for a path: itself, or the free map it lies in. */
function standing(fields, path) {
  for (let at = path; ;) {
    const found = fields.get(at) ?? fields.get(at.replace(/[^.]+$/, '*'));
    if (found !== undefined) return found;
    // Inside something that may hold anything there is nothing to compare.
    const above = at.replace(/(\[\]|\.[^.[]+)$/, '');
    if (above === at) return fields.has('*') ? fields.get('*') : undefined;
    at = above;
    const free = fields.get(`${at}.*`);
    if (free !== undefined && free.fields.size === 0) return free;
    if (fields.has(at)) return undefined;
  }
}

function* sent(used, then, now, names) {
  if (used.sends.length > 0 && now.sends.size === 0) return;
  for (const path of used.sends) {
    const [before, after] = [then && standing(then.sends, path), standing(now.sends, path)];
    if (after === undefined) {
      if (then === null || before !== undefined) yield ['breaks', `no longer takes the field ${path}`];
      continue;
    }
    yield* narrowed(`field ${path}`, before ?? undefined, after, names, true);
  }
  const holds = (path) => {
    const above = path.replace(/\.?[^.]+$/, '');
    return above === '' || used.sends.includes(above);
  };
  for (const [path, { mandatory }] of now.sends)
    if (mandatory && holds(path) && !used.sends.includes(path))
      if (then === null || then.sends.get(path)?.mandatory !== true)
        yield ['breaks', `now wants the field ${path}, which we do not send`];
}

function* read(used, then, now, names) {
  if (now.reads.size === 0) return;
  for (const path of used.reads) {
    const [before, after] = [then && standing(then.reads, path), standing(now.reads, path)];
    if (after === undefined) {
      // Without an older copy to say that it stood there, a field may be one that the documents never listed.
      if (then === null) yield ['look', `answers are not said to hold ${path}`];
      else if (before !== undefined) yield ['breaks', `answers no longer hold ${path}`];
      continue;
    }
    yield* narrowed(`answered ${path}`, before ?? undefined, after, names, false);
  }
}

/** What is said of one thing in both copies; `ours`: we send it, so a narrower choice refuses us. */
function* narrowed(what, before, after, names, ours) {
  if (before === undefined) return;
  if (after.deprecated === true && before.deprecated !== true) yield ['look', `${what} is deprecated`];
  const types = (one) =>
    [...one.types]
      .filter((type) => type !== 'null')
      .sort()
      .join('|');
  if (types(before) !== types(after) && types(before) !== '' && types(after) !== '')
    yield ['breaks', `${what} is ${types(after)} and was ${types(before)}`];
  if (!ours && after.types.has('null') && !before.types.has('null')) yield ['look', `${what} may be null`];
  const gone = [...before.values].filter((value) => !after.values.has(value));
  const fresh = [...after.values].filter((value) => !before.values.has(value));
  if (after.isChoice && gone.length > 0) {
    const known = gone.filter((value) => names.has(value));
    if (known.length > 0) yield ['breaks', `${what} no longer knows ${list(known)}, which our code names`];
    else yield ['news', `${what} no longer knows ${list(gone)}`];
  }
  if (before.isChoice && fresh.length > 0) yield [ours ? 'news' : 'look', `${what} knows ${list(fresh)} besides`];
  for (const limit of ['maxItems', 'maximum', 'maxLength'])
    if (after[limit] !== undefined && after[limit] < (before[limit] ?? Infinity))
      yield ['look', `${what}: ${limit} is ${after[limit]} and was ${before[limit] ?? 'not limited'}`];
  for (const limit of ['minItems', 'minimum'])
    if (after[limit] !== undefined && after[limit] > (before[limit] ?? -Infinity))
      yield ['look', `${what}: ${limit} is ${after[limit]} and was ${before[limit] ?? 'not limited'}`];
  for (const form of ['pattern', 'format'])
    if (after[form] !== undefined && after[form] !== before[form])
      yield ['look', `${what}: ${form} is ${after[form]} and was ${before[form] ?? 'free'}`];
}

const unitSeconds = { s: 1, m: 60, h: 3600, d: 86_400 };
const rateOf = (text) => {
  const [, count, unit] = /^(\d+)\/([smhd])$/.exec(text ?? '') ?? [];
  return count === undefined ? null : { count: Number(count), seconds: unitSeconds[unit] };
};

/** Limits of calls in a window of time; `pace`: our own buckets, which let `cap` calls go at once and then so many a second. */
function* rates(then, now, pace) {
  for (const window of ['burst', 'steady', 'daily']) {
    const [before, after] = [rateOf(then?.limit?.[window]), rateOf(now.limit?.[window])];
    if (after === null) continue;
    const bucket = pace?.[window];
    const most = bucket === undefined ? 0 : Math.floor(bucket.cap + bucket.perSecond * after.seconds + 1e-9);
    const said = now.limit[window];
    if (most > after.count) yield ['breaks', `allows ${said}, and we make up to ${most} calls in that time`];
    else if (before !== null && then.limit[window] !== said) {
      const isLess = after.count / after.seconds < before.count / before.seconds;
      yield [isLess ? 'look' : 'news', `allows ${said} and did allow ${then.limit[window]}`];
    }
  }
}
