import React from 'react';

export default function Clock({zone}) {
  return <time className="clock">{zone}</time>;
}
