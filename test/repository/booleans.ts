import { parseSync } from 'oxc-parser'
import { linesOf, visit, type Node } from './syntax.ts'

/** Returns the boolean parameters of what a file exports: `path:line name`. */
export function booleanParameters(path: string, source: string): string[] {
  const lineAt = linesOf(source)
  const found: string[] = []
  const look = (node: Node): unknown => {
    if (isHidden(node)) return false
    for (const parameter of parametersOf(node)) {
      const name = booleanName(parameter)
      if (name !== undefined) found.push(`${path}:${lineAt(parameter.start)} ${name}`)
    }
    return !/^(?:BlockStatement|FunctionBody)$/.test(node.type)
  }
  for (const statement of parseSync(path, source).program.body as unknown as Node[]) {
    if (statement.type === 'ExportNamedDeclaration') visit(statement['declaration'], look)
  }
  return found
}

/** What only its own file sees: `#private` members, and the values of constants beyond their functions. */
function isHidden({ type, key, accessibility }: Node): boolean {
  const isMember = type === 'MethodDefinition' || type === 'PropertyDefinition'
  return isMember && ((key as Node).type === 'PrivateIdentifier' || accessibility === 'private')
}

function parametersOf({ params }: Node): Node[] {
  const list = Array.isArray(params) ? params : ((params as { items?: unknown } | undefined)?.items ?? [])
  return (list as Node[]).filter(({ type }) => type !== 'TSTypeParameter')
}

/** The name of a parameter that takes `true` or `false`; undefined for others. */
function booleanName(parameter: Node): string | undefined {
  const given = parameter.type === 'TSParameterProperty' ? (parameter['parameter'] as Node) : parameter
  const isOptional = given.type === 'AssignmentPattern'
  const named = (isOptional ? given['left'] : given) as Node
  const type = (named['typeAnnotation'] as { readonly typeAnnotation: Node } | null | undefined)?.typeAnnotation
  const isOne = type ? isBoolean(type) : isOptional && typeof (given['right'] as Node)['value'] === 'boolean'
  return isOne ? String(named['name']) : undefined
}

function isBoolean({ type, types, literal }: Node): boolean {
  if (type === 'TSBooleanKeyword') return true
  if (type === 'TSLiteralType') return typeof (literal as Node)['value'] === 'boolean'
  return type === 'TSUnionType' && (types as Node[]).every((one) => isBoolean(one) || isNothing(one))
}

function isNothing({ type }: Node): boolean {
  return type === 'TSUndefinedKeyword' || type === 'TSNullKeyword'
}
