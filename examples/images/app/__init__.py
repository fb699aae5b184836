"""The application that the example images carry."""
