// What `import KubeChains` brings: the values of a cluster, of its rules, and what kube-proxy makes of the one to get the other.
@_exported public import Iptables
@_exported public import KubeChainsBytes
@_exported public import KubeChainsJSON
@_exported public import KubeObjects
@_exported public import KubeProxy
@_exported public import NetAddress
