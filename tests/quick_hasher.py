"""Argon2 with next to no work in it: hundreds of tests make users, and none of them is attacked."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class QuickArgon2(Argon2PasswordHasher):
    time_cost, memory_cost, parallelism = 1, 8, 1
