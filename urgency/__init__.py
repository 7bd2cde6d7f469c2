"""The contract: what training job, functions, service and command line must agree on."""
