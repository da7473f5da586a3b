"""The daemons' log files: following them across rotation, and what their lines say. No database."""
