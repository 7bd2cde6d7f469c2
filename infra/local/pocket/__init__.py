"""The pocket cloud: a server on the loopback that answers the Google APIs that this system uses."""
