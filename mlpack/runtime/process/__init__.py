"""The processes of a service: one that serves, or several under a supervisor."""
