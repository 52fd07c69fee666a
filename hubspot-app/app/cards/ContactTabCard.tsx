import { hubspot, type ExtensionPointApiActions, type ExtensionPointApiContext } from '@hubspot/ui-extensions';
import { ContactTab } from './contact/ContactTab.js';
import { CardFrame } from './shared/CardFrame.js';

hubspot.extend<'crm.record.tab'>(({ context, actions }) => <ContactTabCard context={context} actions={actions} />);

/** The card on the middle column of a contact. */
export function ContactTabCard(props: {
  context: ExtensionPointApiContext<'crm.record.tab'>;
  actions: ExtensionPointApiActions<'crm.record.tab'>;
}) {
  return (
    <CardFrame {...props}>
      <ContactTab />
    </CardFrame>
  );
}
