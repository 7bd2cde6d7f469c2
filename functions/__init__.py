"""What Pub/Sub calls: two handlers, deployed as Cloud Functions."""
