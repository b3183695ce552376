"""What may be done to a job on its platform: guarded deletion, the policies that ask for it, and quotas."""
