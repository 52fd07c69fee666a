import { expect, test } from '@jest/globals';
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';

/** The one place where statements pass through as they are given. */
const theWayItself = 'server/store/database.ts';
/** What may be done to constant text without it ceasing to be constant. */
const shaping = ['split', 'map', 'join', 'replace', 'replaceAll', 'trim', 'flatMap'];

const sources = new Map<string, ts.SourceFile>();
function sourceOf(path: string, text = readFileSync(path, 'utf8')): ts.SourceFile {
  const known = sources.get(path);
  if (known !== undefined) return known;
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  sources.set(path, source);
  return source;
}

function every<Node extends ts.Node>(root: ts.Node, is: (node: ts.Node) => node is Node): Node[] {
  const found: Node[] = [];
  const visit = (node: ts.Node): void => {
    if (is(node)) found.push(node);
    ts.forEachChild(node, visit);
  };
  visit(root);
  return found;
}

type Named = ts.VariableDeclaration | ts.ParameterDeclaration | ts.BindingElement | ts.ImportSpecifier;

/** Where a name comes from: the nearest declaration around its use. */
function declarationOf(name: ts.Identifier): Named | null {
  for (let scope: ts.Node = name.parent; ; scope = scope.parent) {
    const here = every(
      scope,
      (node): node is Named =>
        (ts.isVariableDeclaration(node) ||
          ts.isParameter(node) ||
          ts.isBindingElement(node) ||
          ts.isImportSpecifier(node)) &&
        ts.isIdentifier(node.name) &&
        node.name.text === name.text,
    );
    const [first] = here;
    if (first !== undefined) return first;
    if (ts.isSourceFile(scope)) return null;
  }
}

/** Whether a type lets through only texts that are written down in it. */
function isWrittenDown(type: ts.TypeNode | undefined): boolean {
  if (type === undefined) return false;
  if (ts.isLiteralTypeNode(type)) return true;
  if (ts.isUnionTypeNode(type)) return type.types.every(isWrittenDown);
  if (!ts.isTypeReferenceNode(type)) return false;
  const [alias] = every(type.getSourceFile(), ts.isTypeAliasDeclaration).filter(
    ({ name }) => name.text === type.typeName.getText(),
  );
  return isWrittenDown(alias?.type);
}

/** The type of `owner.member`, where the owner's type is an interface of the same file. */
function memberType(owner: ts.TypeNode | undefined, member: string): ts.TypeNode | undefined {
  if (owner === undefined || !ts.isTypeReferenceNode(owner)) return undefined;
  const [declared] = every(owner.getSourceFile(), ts.isInterfaceDeclaration).filter(
    ({ name }) => name.text === owner.typeName.getText(),
  );
  return declared?.members.filter(ts.isPropertySignature).find(({ name }) => name.getText() === member)?.type;
}

const unwrapped = (node: ts.Expression): ts.Expression =>
  ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isSatisfiesExpression(node)
    ? unwrapped(node.expression)
    : node;

/** The expressions that a function may answer, where it is an expression itself. */
function answersOf(name: ts.Identifier): ts.Expression[] {
  const declared = declarationOf(name);
  const value = declared !== null && ts.isVariableDeclaration(declared) ? declared.initializer : undefined;
  if (value === undefined || !ts.isArrowFunction(value) || ts.isBlock(value.body)) return [];
  const branches = (node: ts.Expression): ts.Expression[] => {
    const bare = unwrapped(node);
    return ts.isConditionalExpression(bare) ? [...branches(bare.whenTrue), ...branches(bare.whenFalse)] : [bare];
  };
  return branches(value.body);
}

/** Whether an expression is text of the program alone, whatever anybody sends. `given`: names known to be. */
function isConstant(expression: ts.Expression, given: ReadonlySet<ts.Node> = new Set()): boolean {
  const node = unwrapped(expression);
  const all = (nodes: readonly ts.Expression[]): boolean => nodes.every((one) => isConstant(one, given));
  if (ts.isStringLiteralLike(node) || ts.isNumericLiteral(node)) return true;
  if (ts.isTemplateExpression(node)) return all(node.templateSpans.map((span) => span.expression));
  if (ts.isBinaryExpression(node)) return all([node.left, node.right]);
  if (ts.isConditionalExpression(node)) return all([node.whenTrue, node.whenFalse]);
  if (ts.isArrayLiteralExpression(node)) return all([...node.elements]);
  if (ts.isObjectLiteralExpression(node))
    return node.properties.every((one) => ts.isPropertyAssignment(one) && isConstant(one.initializer, given));
  if (ts.isPropertyAccessExpression(node)) {
    const owner = ts.isIdentifier(node.expression) ? declarationOf(node.expression) : null;
    return owner !== null && ts.isParameter(owner) && isWrittenDown(memberType(owner.type, node.name.text));
  }
  if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
    const { expression: text, name } = node.expression;
    if (['Object.values', 'Object.keys'].includes(node.expression.getText())) return all([...node.arguments]);
    return (
      shaping.includes(name.text) &&
      isConstant(text, given) &&
      node.arguments.every((one) =>
        ts.isArrowFunction(one) && !ts.isBlock(one.body)
          ? isConstant(one.body, new Set([...given, ...one.parameters]))
          : ts.isRegularExpressionLiteral(one) || isConstant(one, given),
      )
    );
  }
  return ts.isIdentifier(node) && isConstantName(node, given);
}

function isConstantName(name: ts.Identifier, given: ReadonlySet<ts.Node>): boolean {
  const declared = declarationOf(name);
  if (declared === null) return false;
  if (given.has(declared)) return true;
  if (ts.isImportSpecifier(declared)) {
    const { moduleSpecifier } = declared.parent.parent.parent;
    if (!ts.isStringLiteral(moduleSpecifier) || !moduleSpecifier.text.startsWith('.')) return false;
    const path = join(dirname(name.getSourceFile().fileName), moduleSpecifier.text.replace(/\.js$/, '.ts'));
    const exported = every(sourceOf(path), ts.isVariableDeclaration).find(
      (one) => ts.isIdentifier(one.name) && one.name.text === (declared.propertyName ?? declared.name).text,
    );
    return exported?.initializer !== undefined && isConstant(exported.initializer);
  }
  if (ts.isParameter(declared)) return isWrittenDown(declared.type) || isAlwaysGivenConstants(declared);
  const holder = ts.isBindingElement(declared) ? declared.parent.parent : declared;
  if (!ts.isVariableDeclaration(holder)) return false;
  if (holder.initializer === undefined) return isConstantOfEach(declared, holder);
  if ((ts.getCombinedNodeFlags(holder) & ts.NodeFlags.Const) === 0) return false;
  const value = unwrapped(holder.initializer);
  if (!ts.isBindingElement(declared) || ts.isArrayBindingPattern(declared.parent)) {
    if (ts.isBindingElement(declared)) return isConstantPlace(value, declared.parent.elements.indexOf(declared));
    return isConstant(value);
  }
  // `const { text } = textFor(…)`: what a function of the same file answers under that name.
  if (!ts.isCallExpression(value) || !ts.isIdentifier(value.expression)) return false;
  const answers = answersOf(value.expression);
  const member = (declared.propertyName ?? declared.name).getText();
  return (
    answers.length > 0 &&
    answers.every(
      (answer) =>
        ts.isObjectLiteralExpression(answer) &&
        answer.properties
          .filter(ts.isPropertyAssignment)
          .some((one) => one.name.getText() === member && isConstant(one.initializer)),
    )
  );
}

/** `for (const [text, value] of [[…], […]])`: one place of each of the lists. */
function isConstantOfEach(declared: Named, holder: ts.VariableDeclaration): boolean {
  const loop = holder.parent.parent;
  if (!ts.isForOfStatement(loop) || !ts.isBindingElement(declared) || !ts.isArrayBindingPattern(declared.parent))
    return false;
  const lists = unwrapped(loop.expression);
  const place = declared.parent.elements.indexOf(declared);
  return ts.isArrayLiteralExpression(lists) && lists.elements.every((list) => isConstantPlace(list, place));
}

/** `const [text, value] = … ? […] : […]`: one place of every list that it may be. */
function isConstantPlace(list: ts.Expression, place: number): boolean {
  const node = unwrapped(list);
  if (ts.isConditionalExpression(node))
    return isConstantPlace(node.whenTrue, place) && isConstantPlace(node.whenFalse, place);
  const element = ts.isArrayLiteralExpression(node) ? node.elements[place] : undefined;
  return element !== undefined && isConstant(element);
}

/** Whether a function that only its own file calls is given constant text at this place by every call. */
function isAlwaysGivenConstants(parameter: ts.ParameterDeclaration): boolean {
  const owner = parameter.parent;
  const name =
    ts.isFunctionDeclaration(owner) &&
    owner.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) !== true
      ? owner.name?.text
      : ts.isArrowFunction(owner) && ts.isVariableDeclaration(owner.parent)
        ? owner.parent.name.getText()
        : undefined;
  const place = owner.parameters.indexOf(parameter);
  const calls = every(parameter.getSourceFile(), ts.isCallExpression).filter(
    ({ expression }) => ts.isIdentifier(expression) && expression.text === name,
  );
  return (
    name !== undefined &&
    calls.length > 0 &&
    calls.every(({ arguments: values }) => values[place] !== undefined && isConstant(values[place]))
  );
}

/** The statements in a file whose text is not the program's own, by line. */
function builtStatements(source: ts.SourceFile): { statements: number; built: string[] } {
  const calls = every(source, ts.isCallExpression).filter(
    ({ expression, arguments: values }) =>
      values.length > 0 &&
      ts.isPropertyAccessExpression(expression) &&
      ['query', 'executeSql'].includes(expression.name.text) &&
      // The query of an address is none of a database.
      !/express|request|url/i.test(expression.expression.getText()),
  );
  const built = calls
    .filter(({ arguments: [text] }) => text !== undefined && !isConstant(text))
    .map((call) => `${source.fileName}:${source.getLineAndCharacterOfPosition(call.getStart()).line + 1}`);
  return { statements: calls.length, built };
}

test('G3: no value ever becomes part of a statement: the text of SQL is the program’s own, values are parameters', () => {
  const files = readdirSync('server', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join('server', file))
    .filter((file) => file !== theWayItself && /\.(query|executeSql)\b/.test(readFileSync(file, 'utf8')));
  const found = files.map((file) => builtStatements(sourceOf(file)));
  expect(found.flatMap(({ built }) => built)).toEqual([]);
  expect(found.reduce((sum, { statements }) => sum + statements, 0)).toBeGreaterThan(200);
});

test('G3: a value in a statement is found, however it gets there', () => {
  const wrong = [
    'export const f = (id: string) => db.query(`select from link where id = ${id}`);',
    `export const f = (id: string) => db.query("select from link where id = '" + id + "'");`,
    'export function f(order: string) { const text = `select from link order by ${order}`; return db.query(text); }',
    'export const f = (row: { table: string }) => db.query(`delete from ${row.table}`);',
    'let columns = "id"; export const f = () => db.query(`select ${columns} from link`);',
    'const run = (text: string) => db.query(text); export const f = (id: string) => run(`select ${id}`);',
    'export const f = ({ where }: Filter) => db.query(`select from link where ${where}`);',
    "export const f = (ids: string[]) => db.query(`select from link where id in (${ids.map((id) => `'${id}'`).join()})`);",
  ];
  for (const [n, text] of wrong.entries())
    expect([text, builtStatements(sourceOf(`wrong-${n}.ts`, text)).built]).toEqual([text, [`wrong-${n}.ts:1`]]);
  const right = [
    'const columns = "id, name"; export const f = (id: string) => db.query(`select ${columns} from link where id = $1`, [id]);',
    'export const f = (side: "a" | "b") => db.query(`select ${side} from link`);',
    'const run = (text: string) => db.query(`${text} returning id`); export const f = () => run("delete from link");',
  ];
  for (const [n, text] of right.entries())
    expect([text, builtStatements(sourceOf(`right-${n}.ts`, text)).built]).toEqual([text, []]);
});
