import { describe, expect, test } from '@jest/globals';
import { Button, LoadingButton, SearchInput, Select, Table, TableRow, Toggle } from '@hubspot/ui-extensions';
import type { ContactConnection, HubspotField } from '../../../hubspot-app/app/settings/api-types.js';
import { clashes, indexOf, waysOf } from '../../../hubspot-app/app/settings/setup/mapping-rules.js';
import { words } from '../../../hubspot-app/app/settings/words.js';
import { drafted, fields, serveContacts } from './settings-contact-service.js';
import { labelled, openPage, press, sees, type Page } from './settings-drawn.js';
import { drawnText, eventually, openStand, until, type Stand } from './settings-stand.js';

const complete = drafted({
  rules: {
    hubspotToKlaviyo: [{ source: { all: true }, klaviyoListId: 'Single' }],
    klaviyoToHubspot: [{ source: { all: true } }],
  },
});
const text = words.setup.fields;

async function openFields(stand: Stand, connection: ContactConnection = complete): Promise<Page> {
  serveContacts(stand, connection);
  const page = openPage(stand);
  await press(page, words.overview.goOn);
  await eventually(() => page.find(Table));
  return page;
}
/** Opens a row for changing. */
async function change(page: Page, key: string): Promise<void> {
  page.findByTestId(Button, `change-${key}`).trigger('onClick');
  await eventually(() => page.find(Toggle, { name: `empty-${key}` }));
}
const rows = (page: Page) => page.find(Table).findAll(TableRow).slice(2);

describe('the fields', () => {
  test('B3: the email is there, fixed', async () => {
    const page = await openFields(openStand());
    expect(drawnText(page.find(Table).findAll(TableRow)[1])).toContain(text.emailWhy);
    expect(rows(page)).toHaveLength(2);
  });

  test('D1–D3, D6: direction, winner and emptying of a row are saved', async () => {
    const stand = openStand();
    const page = await openFields(stand);
    await change(page, 'contact.phone');
    page.find(Select, { name: 'winner-contact.phone' }).trigger('onChange', 'klaviyo' as never);
    await until('winner', () => page.find(Select, { name: 'winner-contact.phone' }).props.value === 'klaviyo');
    page.find(Toggle, { name: 'empty-contact.phone' }).trigger('onChange', true as never);
    await until('empty', () => page.find(Toggle, { name: 'empty-contact.phone' }).props.checked === true);
    await change(page, 'contact.firstname');
    page.find(Select, { name: 'direction-contact.firstname' }).trigger('onChange', 'to_klaviyo' as never);
    await eventually(() => expect(page.maybeFind(Select, { name: 'winner-contact.firstname' })).toBeNull());
    stand.tick();
    await until('saved', () => stand.of('PATCH', /C1/).length === 1);
    expect(stand.of('PATCH', /C1/)[0]?.body).toEqual({
      unsaved: { step: 'fields', form: null },
      mappings: [
        { ...fields.proposed[0], direction: 'to_klaviyo' },
        { ...fields.proposed[1], winner: 'klaviyo', emptyToo: true },
      ],
    });
  });

  test('D2: what cannot be written is only offered as a source, and the row says why', async () => {
    const stand = openStand();
    const page = await openFields(stand, {
      ...complete,
      mappings: [
        {
          hubspot: { object: 'contact', property: 'createdate' },
          klaviyo: { kind: 'property', name: 'Joined' },
          direction: 'to_klaviyo',
          winner: null,
          emptyToo: false,
        },
      ],
    });
    await change(page, 'contact.createdate');
    expect(page.find(Select, { name: 'direction-contact.createdate' }).props).toMatchObject({
      readOnly: true,
      options: [{ value: 'to_klaviyo' }],
    });
    await sees(page, text.readOnlyHubspot('HubSpot sets it.'));
  });

  test('D1: adding a company field sets the only direction there is', async () => {
    const stand = openStand();
    const page = await openFields(stand);
    page.find(Select, { name: 'add-hubspot' }).trigger('onChange', 'company.industry' as never);
    page.find(Select, { name: 'add-klaviyo' }).trigger('onChange', 'property.Joined' as never);
    await sees(page, text.companyWhy);
    page.findByTestId(Button, 'add-mapping').trigger('onClick');
    await eventually(() => expect(rows(page)).toHaveLength(3));
    stand.tick();
    await until('saved', () => stand.of('PATCH', /C1/).length === 1);
    const { mappings } = stand.of('PATCH', /C1/)[0]?.body as { mappings: unknown[] };
    expect(mappings[2]).toMatchObject({
      hubspot: { object: 'company', property: 'industry' },
      klaviyo: { kind: 'property', name: 'Joined' },
      direction: 'to_klaviyo',
    });
  });

  test('a field that another row writes cannot be added twice', async () => {
    const page = await openFields(openStand());
    page.find(Select, { name: 'add-hubspot' }).trigger('onChange', 'contact.phone' as never);
    page.find(Select, { name: 'add-klaviyo' }).trigger('onChange', 'attribute.first_name' as never);
    await sees(page, text.twice);
    expect(page.findByTestId(Button, 'add-mapping').props.disabled).toBe(true);
  });

  test('D9, D10: a new property and a refresh read the fields again', async () => {
    const stand = openStand();
    const page = await openFields(stand);
    stand.on('POST', /^\/fields\/klaviyo$/, ({ body }) => ({
      status: 201,
      body: { kind: 'property', label: (body as { name: string }).name, readOnly: false, ...(body as object) },
    }));
    stand.on('POST', /^\/fields\/refresh$/, () => ({ body: fields }));
    const { Input } = await import('@hubspot/ui-extensions');
    page.find(Input, { name: 'new-property-name' }).trigger('onInput', ' Shoe size ' as never);
    await until('typed', () => page.find(Input, { name: 'new-property-name' }).props.value !== '');
    page.findByTestId(LoadingButton, 'create-property').trigger('onClick');
    await until('told', () => stand.told.at(-1)?.message === text.newPropertyDone('Shoe size'));
    expect(stand.of('POST', /^\/fields\/klaviyo$/)[0]?.body).toEqual({
      klaviyoAccountId: 'K1',
      name: 'Shoe size',
      type: 'string',
    });
    page.find(LoadingButton, labelled(text.refresh)).trigger('onClick');
    await until('told', () => stand.told.at(-1)?.message === text.refreshed);
    await until('read again', () => stand.of('GET', /^\/fields/).length === 3);
  });

  test('900 properties and 300 mappings: searched, a page at a time', async () => {
    const stand = openStand();
    const hubspot: HubspotField[] = Array.from({ length: 900 }, (_, at) => ({
      object: 'contact',
      name: `p${at}`,
      label: `Property ${at}`,
      type: 'string',
      fieldType: 'text',
      readOnly: false,
    }));
    serveContacts(stand, {
      ...complete,
      mappings: hubspot.slice(0, 300).map(({ name }) => ({
        hubspot: { object: 'contact', property: name },
        klaviyo: { kind: 'property', name },
        direction: 'both',
        winner: null,
        emptyToo: false,
      })),
    });
    stand.on('GET', /^\/fields/, () => ({ body: { hubspot, klaviyo: [], proposed: [] } }));
    const page = openPage(stand);
    await press(page, words.overview.goOn);
    await eventually(() => expect(rows(page)).toHaveLength(20));
    expect(page.find(Table).props).toMatchObject({ paginated: true, pageCount: 15, page: 1 });
    expect(page.find(Select, { name: 'add-hubspot' }).props.options).toHaveLength(900);
    page.find(SearchInput, { name: 'mapping-search' }).trigger('onInput', 'property 299' as never);
    await eventually(() => expect(rows(page)).toHaveLength(1));
    // The row keeps its place in the whole list.
    await change(page, 'contact.p299');
    page.find(Toggle, { name: 'empty-contact.p299' }).trigger('onChange', true as never);
    await until('changed', () => page.find(Toggle, { name: 'empty-contact.p299' }).props.checked === true);
    page.find(SearchInput, { name: 'mapping-search' }).trigger('onInput', '' as never);
    await eventually(() => expect(rows(page)).toHaveLength(20));
    await change(page, 'contact.p0');
    expect(page.find(Toggle, { name: 'empty-contact.p0' }).props.checked).toBe(false);
  });

  test('D2: neither side writable means no direction at all', () => {
    const index = indexOf(fields);
    const created = index.hubspot.get('contact.createdate');
    const consent = index.klaviyo.get('attribute.subscriptions.email.marketing.consent');
    expect(waysOf(created, consent)).toEqual({ directions: [], because: text.cannotBoth });
    expect(waysOf(index.hubspot.get('contact.phone'), consent).directions).toEqual(['to_hubspot']);
  });

  test('two rows clash only where both write the same field', () => {
    const [first] = fields.proposed;
    if (first === undefined) throw new Error('There is a proposal.');
    const back = { ...first, direction: 'to_hubspot' as const };
    const forth = { ...first, direction: 'to_klaviyo' as const };
    expect(clashes(back, [forth])).toBe(false);
    expect(clashes(forth, [forth])).toBe(true);
    expect(clashes(first, [back])).toBe(true);
  });
});
