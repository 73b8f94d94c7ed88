"""`shadow manifests`: a kustomization of one proxy, over the base that is in `deploy`, a link to the folder
at the top of the project. Nothing here speaks to a cluster."""
