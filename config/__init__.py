"""The roof: settings, processes, and the local PostgreSQL and Valkey they run on."""
