/**
 * Milliseconds that a watermark stays behind: HubSpot's search lags its writes by "a few moments", and Klaviyo refuses
 * times closer than some seconds to now. Records seen already are passed over, so the overlap costs reads of ids only.
 */
export const sweepOverlapMs = 20_000;
