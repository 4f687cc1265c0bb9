"""Where events come from besides the API: files in folders and buckets, and replays."""
