/** Parameters that tell who clicked or where from, not what was clicked. */
const tracking = /^(_kx|_ke|utm_[a-z_]+|gclid|fbclid|msclkid|mc_eid|mc_cid|nb_klid|tw_source|tw_campaign)$/i;

/**
 * The spelling in which links are compared (E4): host in lower case without a default port, no fragment, no trailing
 * slash, the other parameters sorted. Klaviyo's `_kx` differs per person and `utm_*` per campaign setting: both say
 * nothing of the target and are left out. What is no address is compared as it stands.
 */
export function normalUrl(text: string): string {
  const trimmed = text.trim();
  const match = /^(https?):\/\/([^/?#]+)([^?#]*)(?:\?([^#]*))?(?:#.*)?$/i.exec(trimmed);
  if (match === null) return trimmed;
  const [, scheme = '', host = '', path = '', query = ''] = match;
  const secure = scheme.toLowerCase();
  const port = secure === 'https' ? /:443$/ : /:80$/;
  const parameters = query
    .split('&')
    .filter((pair) => pair !== '' && !tracking.test(pair.split('=')[0] ?? ''))
    .sort();
  const rest = path.replace(/\/+$/, '') + (parameters.length === 0 ? '' : `?${parameters.join('&')}`);
  return `${secure}://${host.toLowerCase().replace(port, '')}${rest}`;
}

/** Klaviyo's parameters by which a shop recognises the person that an email went to. */
const personal = /([?&])(?:_kx|_ke|nb_klid)=[^&#]*/gi;

/**
 * A link as it is shown to others: without what tells the shop who comes. A salesperson who follows a contact's link from
 * a timeline or card would otherwise be taken for the contact, and Klaviyo would count the visit as theirs.
 */
export function shownUrl(url: string): string {
  if (!/^https?:/i.test(url.trim())) return url;
  return url
    .replace(personal, '$1')
    .replace(/([?&])&+/g, '$1')
    .replace(/[?&]+(?=#|$)/, '');
}
