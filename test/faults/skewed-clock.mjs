// Loaded before the service (`--import`): its clock runs ahead or behind by TANDEM_SKEW_MS, as on a machine that has
// lost its time server. Timers and the monotonic clock stay right, as they do there.
const skewMs = Number(process.env.TANDEM_SKEW_MS ?? 0);
const RightDate = Date;
const now = () => RightDate.now() + skewMs;

globalThis.Date = class Date extends RightDate {
  constructor(...given) {
    if (given.length === 0) super(now());
    else super(...given);
  }
  static now() {
    return now();
  }
};
