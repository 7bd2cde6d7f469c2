"""One file for each verb; it is imported when the verb is called."""
