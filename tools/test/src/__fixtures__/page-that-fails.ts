console.warn('before it breaks');
throw new Error('the page is broken');
