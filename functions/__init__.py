"""What Pub/Sub and helpdesks call, deployed as Cloud Functions."""
