"""Throwaway virtual machines: for AppArmor, live audit rules and a real boot."""
