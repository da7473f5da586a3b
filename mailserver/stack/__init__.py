"""What an installation needs on its machine: users, folders, secrets, certificates, cluster, processes."""
