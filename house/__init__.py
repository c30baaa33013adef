"""House rules: what a linter from elsewhere cannot know. `python -m house` checks them all."""
