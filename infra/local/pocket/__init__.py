"""The pocket cloud: a loopback server that answers Google's REST APIs as far as this system uses
them.
"""
