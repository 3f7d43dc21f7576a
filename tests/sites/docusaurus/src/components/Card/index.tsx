import React from 'react';
import Link from '@docusaurus/Link';

export default function Card({title, href, children}) {
  return (
    <Link className="card" to={href}>
      <strong>{title}</strong>
      <p>{children}</p>
    </Link>
  );
}
