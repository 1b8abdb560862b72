"""Neural networks in torch and Keras: which inputs they take, which axes are free, what each layer answers."""
