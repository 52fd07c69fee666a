import { hubspot, type ExtensionPointApiActions, type ExtensionPointApiContext } from '@hubspot/ui-extensions';
import { RecordActivity } from './record/RecordActivity.js';
import { CardFrame } from './shared/CardFrame.js';

hubspot.extend<'crm.record.tab'>(({ context, actions }) => <DealCard context={context} actions={actions} />);

/** The card on the middle column of a deal. */
export function DealCard(props: {
  context: ExtensionPointApiContext<'crm.record.tab'>;
  actions: ExtensionPointApiActions<'crm.record.tab'>;
}) {
  return (
    <CardFrame {...props}>
      <RecordActivity object="deal" />
    </CardFrame>
  );
}
