import type { Project } from './project.ts'

/** Returns lines on what somebody has to fill in before the services start. */
export function noticesOf({ name: namespace, services }: Project): readonly string[] {
  return services.flatMap(({ name, needs }) => {
    if (needs.length === 0) return []
    const [secrets, settings] = [needs.filter(({ isSecret }) => isSecret), needs.filter(({ isSecret }) => !isSecret)]
    const literals = (some: typeof needs): string =>
      some.map(({ variable }) => `--from-literal=${variable}=…`).join(' ')
    return [
      `${name}: for Compose, set ${needs.map(({ variable }) => variable).join(', ')} in the file .env`,
      ...(settings.length > 0
        ? [`${name}: for Kubernetes, kubectl create configmap ${name}-settings -n ${namespace} ${literals(settings)}`]
        : []),
      ...(secrets.length > 0
        ? [
            `${name}: for Kubernetes, kubectl create secret generic ${name}-secrets -n ${namespace} ${literals(secrets)}`,
          ]
        : []),
    ]
  })
}

/** Returns what is wrong with the services as one project, though each of them is valid. */
export function warningsOf({ services }: Project): readonly string[] {
  if (services.some(({ isPublic }) => isPublic)) return []
  return [
    'no service has a way in from outside, since other services call each of them: set edge: true in the one that the internet reaches',
  ]
}
