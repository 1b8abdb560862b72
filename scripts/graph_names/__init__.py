"""What layers, functions and operators each library has, for the lists that graphs are judged by."""
