/** HubSpot's SDK, in a file of its own: it is loaded with the first call, not with the program. */
export { Client } from '@hubspot/api-client';
