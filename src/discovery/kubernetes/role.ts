/** Returns the Role and RoleBinding that a service needs to find others in a namespace. */
export function roleFor(namespace: string): string {
  return `apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: tricube-discovery, namespace: ${namespace} }
rules:
  - { apiGroups: [discovery.k8s.io], resources: [endpointslices], verbs: [list, watch] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: tricube-discovery, namespace: ${namespace} }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: tricube-discovery }
subjects:
  - { apiGroup: rbac.authorization.k8s.io, kind: Group, name: 'system:serviceaccounts:${namespace}' }
`
}
