import { hubspot, type ExtensionPointApiActions, type ExtensionPointApiContext } from '@hubspot/ui-extensions';
import { ContactSidebar } from './contact/ContactSidebar.js';
import { CardFrame } from './shared/CardFrame.js';

hubspot.extend<'crm.record.sidebar'>(({ context, actions }) => (
  <ContactSidebarCard context={context} actions={actions} />
));

/** The card in the sidebar of a contact. */
export function ContactSidebarCard(props: {
  context: ExtensionPointApiContext<'crm.record.sidebar'>;
  actions: ExtensionPointApiActions<'crm.record.sidebar'>;
}) {
  return (
    <CardFrame {...props}>
      <ContactSidebar />
    </CardFrame>
  );
}
