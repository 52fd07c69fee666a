/** Klaviyo's SDK, in a file of its own: it takes half a second to load, with the first connect, not with the program. */
export { AccountsApi } from 'klaviyo-api';
