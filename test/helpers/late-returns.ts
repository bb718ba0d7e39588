import { parseSync } from "oxc-parser";

/** What every node of oxc's tree has; the rest is looked up by name. */
interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [name: string]: unknown;
}

/** Methods of the language's and Node's own values that give theirs at once. */
const plainOfNode = ["concat", "digest", "filter", "from", "join", "map", "slice", "sort", "stringify", "toString"];

/**
 * Names that stand for functions and methods whose declarations say that they return no promise. A name that stands
 * for one that does as well is not among them.
 */
export function plainNames(texts: readonly string[]): Set<string> {
  const plain = new Set(plainOfNode);
  const promising = new Set<string>();
  for (const text of texts) {
    for (const node of declarationsIn(treeOf(text))) {
      const named = nameOfDeclared(node);
      const type = returnTypeOf(node);
      if (named === undefined) continue;
      if (type && !/Promise|Thenable/.test(text.slice(type.start, type.end))) plain.add(named);
      else promising.add(named);
    }
  }
  return new Set([...plain].filter((name) => !promising.has(name)));
}

/** The functions of a module, and what its classes and interfaces have. */
function declarationsIn(module: Node): Node[] {
  return (module.body as Node[])
    .map((statement) => (statement.declaration as Node | null | undefined) ?? statement)
    .flatMap((node) => {
      const isMany = node.type === "ClassDeclaration" || node.type === "TSInterfaceDeclaration";
      return isMany ? ((node.body as Node).body as Node[]) : node;
    });
}

function treeOf(text: string): Node {
  return parseSync("file.ts", text).program as unknown as Node;
}

function nameOfDeclared(node: Node): string | undefined {
  if (node.type === "FunctionDeclaration") return (node.id as Node | null)?.name as string | undefined;
  const isProperty = node.type === "TSPropertySignature" && returnTypeOf(node) !== undefined;
  if (isProperty || node.type === "TSMethodSignature" || node.type === "MethodDefinition") {
    return (node.key as Node).name as string | undefined;
  }
  return undefined;
}

/** Of a function, a method, or a property that is a function. */
function returnTypeOf(node: Node): Node | undefined {
  const inner = (node.value ?? (node.typeAnnotation as Node | undefined)?.typeAnnotation) as Node | null | undefined;
  return (node.returnType ?? inner?.returnType ?? undefined) as Node | undefined;
}

/**
 * The lines of a module that return what may be a promise without waiting for it, although something is closed as
 * they return: below `using` or `await using`, or inside `try`. It would be closed before the work has been done.
 */
export function lateReturns(text: string, plain: ReadonlySet<string>): string[] {
  const found: string[] = [];
  if (/\b(using|try)\b/.test(text)) look(treeOf(text), false, false);
  return found;

  /** `closing` tells whether a return at this place closes something; `promising`, whether its function gives promises. */
  function look(node: Node, closing: boolean, promising: boolean): void {
    const isReturn = node.type === "ReturnStatement" && closing && promising;
    if (isReturn && node.argument && mayPromise(node.argument as Node, plain)) {
      found.push(`${text.slice(0, node.start).split("\n").length}: ${text.slice(node.start, node.end)}`);
    }
    const gives = isFunction(node) ? givesPromise(node, text) : promising;
    for (const [child, closes] of placesIn(node, closing)) look(child, closes, gives);
  }
}

/** What stands in a node, and whether a return there closes something. */
function placesIn(node: Node, closing: boolean): (readonly [Node, boolean])[] {
  const all = (nodes: readonly Node[], closes: boolean) => nodes.map((child) => [child, closes] as const);
  if (isFunction(node)) return all(childrenOf(node), false);
  if (node.type === "ForOfStatement") return all(childrenOf(node), closing || isUsing(node.left as Node));
  if (node.type === "TryStatement") {
    const { block, handler, finalizer } = node as unknown as Record<string, Node | null>;
    return [
      ...all([block!], true),
      ...(handler ? all([handler], closing || finalizer !== null) : []),
      ...(finalizer ? all([finalizer], closing) : []),
    ];
  }
  const children = childrenOf(node);
  const first = children.findIndex(isUsing);
  return children.map((child, at) => [child, closing || (first !== -1 && at > first)]);
}

/** Whether the value of an expression may be a promise that nobody has waited for: one of its own calls gives it. */
function mayPromise(node: Node, plain: ReadonlySet<string>): boolean {
  switch (node.type) {
    case "CallExpression":
      return !plain.has(calledName(node.callee as Node) ?? "");
    case "NewExpression":
      return (node.callee as Node).name === "Promise";
    case "ConditionalExpression":
      return mayPromise(node.consequent as Node, plain) || mayPromise(node.alternate as Node, plain);
    case "LogicalExpression":
      return mayPromise(node.left as Node, plain) || mayPromise(node.right as Node, plain);
    case "SequenceExpression":
      return mayPromise((node.expressions as Node[]).at(-1)!, plain);
    case "ParenthesizedExpression":
    case "ChainExpression":
    case "TSAsExpression":
    case "TSNonNullExpression":
    case "TSSatisfiesExpression":
      return mayPromise(node.expression as Node, plain);
    default:
      return false;
  }
}

function calledName(callee: Node): string | undefined {
  if (callee.type === "Identifier") return callee.name as string;
  return callee.type === "MemberExpression" ? ((callee.property as Node).name as string | undefined) : undefined;
}

function isFunction({ type }: Node): boolean {
  return type === "FunctionDeclaration" || type === "FunctionExpression" || type === "ArrowFunctionExpression";
}

function givesPromise(node: Node, text: string): boolean {
  const type = node.returnType as Node | null | undefined;
  return node.async === true || (Boolean(type) && /Promise|Thenable/.test(text.slice(type!.start, type!.end)));
}

function isUsing({ type, kind }: Node): boolean {
  return type === "VariableDeclaration" && (kind === "using" || kind === "await using");
}

function childrenOf(node: Node): Node[] {
  return Object.values(node).flat().filter(isNode);
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && typeof (value as Node).type === "string";
}
