"""The kernel shared by every other package: settings, time, ids, errors, money, pure rules, and the stores."""
