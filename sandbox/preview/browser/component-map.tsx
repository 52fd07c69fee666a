import type { ComponentProps, ReactNode } from 'react';
import { createController } from '@remote-ui/react/host';
import * as actions from './actions.js';
import * as choices from './choices.js';
import * as display from './display.js';
import * as fields from './fields.js';
import * as layout from './layout.js';
import * as structure from './structure.js';

type Mapping = Parameters<typeof createController>[0];
type Controller = ReturnType<typeof createController>;

const plain = (Element: 'div' | 'thead' | 'tbody' | 'tfoot' | 'tr' | 'footer', name?: string) =>
  function Plain(p: { children?: ReactNode; testId?: string }) {
    return (
      <Element className={name} data-testid={p.testId}>
        {p.children}
      </Element>
    );
  };

const components: Mapping = {
  ...layout,
  ...fields,
  ...choices,
  ...actions,
  ...display,
  ...structure,
  Textarea: fields.TextArea,
  StepperInput: fields.NumberInput,
  CurrencyInput: fields.NumberInput,
  RadioButton: choices.Checkbox,
  LoadingButton: actions.Button,
  DropdownButtonItem: actions.DropdownButtonItem,
  LineChart: structure.BarChart,
  Card: layout.Tile,
  ButtonRow: plain('div', 'row'),
  ModalBody: plain('div', 'body'),
  ModalFooter: plain('footer'),
  PanelBody: plain('div', 'body'),
  PanelFooter: plain('footer'),
  PanelSection: plain('div'),
  TableHead: plain('thead'),
  TableBody: plain('tbody'),
  TableFooter: plain('tfoot'),
  TableRow: plain('tr'),
};

/** What has no likeness here is drawn as a box with its name, so that it shows and nothing breaks. */
const unknown = (name: string) =>
  function Unknown({ children }: ComponentProps<'div'>) {
    return (
      <div className="unknown">
        <code>{`<${name}>`}</code>
        {children}
      </div>
    );
  };

/** HubSpot's components as DOM. */
export function componentController(): Controller {
  const known = createController(components);
  return {
    ...known,
    get: (type) =>
      Object.hasOwn(components, type) ? known.get(type) : (unknown(type) as ReturnType<Controller['get']>),
  };
}
